// The rows of a conversation in their order: days, the “New” line, grey lines, messages, what waits. A pure function.
import { continues, dayKey } from "#klatch/format.js";
/** @import {Message, Notice, Pending} from "#klatch/types.js" */

/**
 * @typedef {{kind: "day", key: string, at: string} | {kind: "new", key: string}
 *   | {kind: "notices", key: string, notices: Notice[]}
 *   | {kind: "message", key: string, message: Message, first: boolean}
 *   | {kind: "pending", key: string, pending: Pending, first: boolean}} Row
 */

/**
 * @param {import("#klatch/window.js").Window} window @param {Pending[]} pending @param {number|null} divider
 * @param {number} you @returns {Row[]}
 */
export function timeline({ messages, notices, end }, pending, divider, you) {
  /** @type {Row[]} */
  const rows = [];
  /** @type {Message|undefined} */
  let before;
  let today = "", next = 0, lined = divider === null;
  const day = (/** @type {string} */ at) => {
    const key = dayKey(at);
    if (key === today) return;
    today = key;
    rows.push({ kind: "day", key: `day-${key}`, at });
    before = undefined;
  };
  const grey = (/** @type {Notice} */ notice) => {
    day(notice.at);
    const last = rows[rows.length - 1];
    if (last?.kind === "notices") last.notices.push(notice);
    else rows.push({ kind: "notices", key: `notice-${notice.seq}`, notices: [notice] });
    before = undefined;
  };
  for (const message of messages) {
    while (next < notices.length && notices[next].seq < message.seq) grey(notices[next++]);
    day(message.at);
    if (!lined && message.position > /** @type {number} */ (divider)) {
      lined = true;
      rows.push({ kind: "new", key: "new" });
      before = undefined;
    }
    rows.push({ kind: "message", key: message.client_id || `m${message.id}`, message, first: !continues(before, message) });
    before = message;
  }
  while (end && next < notices.length) grey(notices[next++]);
  if (!end) return rows;
  let own = before?.author?.id === you ? before : undefined;
  for (const p of pending) {
    const like = /** @type {Message} */ (/** @type {unknown} */ ({ author: { id: you }, at: p.at, reply_to: p.reply_to }));
    rows.push({ kind: "pending", key: p.client_id, pending: p, first: !continues(own, like) });
    own = like;
  }
  return rows;
}
