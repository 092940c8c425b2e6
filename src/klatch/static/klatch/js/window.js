// A contiguous stretch of a room's messages and the notices between them: pure functions that return new windows.
// Knows nothing of rooms, sockets or signals. A window never has a hole: a page that does not adjoin replaces it.
/** @import {Message, Notice, Frame} from "#klatch/types.js" */

/**
 * `start`: nothing older exists. `end`: nothing newer exists, so that live messages may be appended.
 * @typedef {{messages: Message[], notices: Notice[], start: boolean, end: boolean}} Window
 */

/** @type {Window} */
export const EMPTY = Object.freeze({ messages: [], notices: [], start: false, end: false });

/** @param {Notice[]} a @param {Notice[]} b @returns {Notice[]} */
function unite(a, b) {
  if (!b.length) return a;
  const known = new Set(a.map((n) => n.seq));
  return [...a, ...b.filter((n) => !known.has(n.seq))].sort((x, y) => x.seq - y.seq);
}

/**
 * The message that is newer by `rev`; what is held wins only when it has seen more.
 * @param {Message} held @param {Message} given
 */
const newer = (held, given) => (given.rev < held.rev ? held : given);

/**
 * Puts a page of history into the window. `ask` is what was asked for, so that pages join where positions have holes.
 * @param {Window} window @param {Frame} page
 * @param {{before?: number, after?: number, around?: number}} [ask] @returns {Window}
 */
export function withPage(window, page, ask = {}) {
  /** @type {Message[]} */
  const given = page.messages;
  const held = window.messages;
  const fresh = { messages: given, notices: page.notices ?? [], start: page.start, end: page.end };
  if (!held.length) return fresh;
  const low = held[0].position, high = held[held.length - 1].position;
  if (!given.length) {
    if (ask.before !== undefined && ask.before === low) return { ...window, start: page.start };
    if (ask.after !== undefined && ask.after === high) return { ...window, end: page.end };
    return window;
  }
  const first = given[0].position, last = given[given.length - 1].position;
  const joins = (last >= low - 1 && first <= high + 1) || ask.before === low || ask.after === high;
  if (!joins) return fresh;
  const by = new Map(held.map((m) => [m.position, m]));
  for (const m of given) {
    const mine = by.get(m.position);
    by.set(m.position, mine ? newer(mine, m) : m);
  }
  return {
    messages: [...by.values()].sort((a, b) => a.position - b.position),
    notices: unite(window.notices, fresh.notices),
    start: first <= low ? page.start || (first === low && window.start) : window.start,
    end: last >= high ? page.end || (last === high && window.end) : window.end,
  };
}

/**
 * A message as an event brought it: replaces its older self; is appended only where nothing can be missing before it.
 * @param {Window} window @param {Message} message @returns {Window}
 */
export function withMessage(window, message) {
  const at = window.messages.findIndex((m) => m.id === message.id);
  if (at >= 0) {
    const kept = newer(window.messages[at], message);
    if (kept === window.messages[at]) return window;
    const messages = window.messages.slice();
    messages[at] = kept;
    return { ...window, messages };
  }
  const last = window.messages[window.messages.length - 1];
  if (!window.end || (last && message.position <= last.position)) return window;
  return { ...window, messages: [...window.messages, message] };
}

/**
 * Quotes of a deleted message say nothing any more.
 * @param {Window} window @param {number} id @returns {Window}
 */
export function withoutQuotes(window, id) {
  if (!window.messages.some((m) => m.reply_to?.id === id && !m.reply_to.deleted)) return window;
  const messages = window.messages.map((m) =>
    m.reply_to?.id === id ? { ...m, reply_to: { ...m.reply_to, excerpt: "", deleted: true } } : m);
  return { ...window, messages };
}

/**
 * @param {Window} window @param {number} seq number of the event @param {number} id @param {string} emoji
 * @param {number} user @param {boolean} on @returns {Window}
 */
export function withReaction(window, seq, id, emoji, user, on) {
  const at = window.messages.findIndex((m) => m.id === id);
  const held = window.messages[at];
  if (!held || held.deleted || seq < held.rev) return window;
  const messages = window.messages.slice();
  messages[at] = { ...held, rev: Math.max(held.rev, seq), reactions: toggled(held.reactions, emoji, user, on) };
  return { ...window, messages };
}

/**
 * @param {import("#klatch/types.js").Reaction[]} reactions @param {string} emoji @param {number} user @param {boolean} on
 */
function toggled(reactions, emoji, user, on) {
  const found = reactions.find((r) => r.emoji === emoji);
  if (!found) return on ? [...reactions, { emoji, users: [user] }] : reactions;
  const users = found.users.filter((id) => id !== user);
  if (on) users.push(user);
  return reactions.map((r) => (r === found ? { emoji, users } : r)).filter((r) => r.users.length);
}

/** @param {Window} window @param {Notice} notice @returns {Window} */
export function withNotice(window, notice) {
  return window.end ? { ...window, notices: unite(window.notices, [notice]) } : window;
}

/**
 * Keeps the newest `size` messages, so that a tab left open for weeks stays small.
 * @param {Window} window @param {number} size @returns {Window}
 */
export function trimmed(window, size) {
  if (!window.end || window.messages.length <= size) return window;
  const messages = window.messages.slice(-size);
  return { ...window, messages, notices: window.notices.filter((n) => n.seq > messages[0].seq), start: false };
}
