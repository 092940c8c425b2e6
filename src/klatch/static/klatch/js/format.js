// How times, days, counts, names and faces are written. Pure functions; the language is the page's.
import { fill, gettext, language, locale, ngettext } from "#klatch/i18n.js";
/** @import {Message, MyRoom, Notice, User} from "#klatch/types.js" */

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {Intl.DateTimeFormatOptions} options */
function formatter(options) {
  const key = locale() + JSON.stringify(options);
  let made = formats.get(key);
  if (!made) formats.set(key, (made = new Intl.DateTimeFormat(locale(), options)));
  return made;
}

/** @param {string} at */
export const clock = (at) => formatter({ hour: "numeric", minute: "2-digit" }).format(new Date(at));

/** @param {string} at */
export const fullTime = (at) => formatter({ dateStyle: "full", timeStyle: "short" }).format(new Date(at));

/** A day as a key, in the reader's time zone. @param {string} at */
export function dayKey(at) {
  const d = new Date(at);
  return `${d.getFullYear()}-${d.getMonth() + 1}-${d.getDate()}`;
}

/** @param {string} at @param {Date} [now] */
export function day(at, now = new Date()) {
  const date = new Date(at);
  const midnight = (/** @type {Date} */ d) => Date.UTC(d.getFullYear(), d.getMonth(), d.getDate());
  const ago = Math.round((midnight(now) - midnight(date)) / 86400000);
  if (ago === 0) return gettext("Today");
  if (ago === 1) return gettext("Yesterday");
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return formatter({ weekday: "long", day: "numeric", month: "long", year }).format(date);
}

/** Time for today, else the day: short, for lists. @param {string} at @param {Date} [now] */
export function shortDate(at, now = new Date()) {
  const date = new Date(at);
  if (dayKey(at) === dayKey(now.toISOString())) return clock(at);
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return formatter({ day: "numeric", month: "short", year }).format(date);
}

/** Two letters, or one where the script writes words in one sign. @param {string} name */
export function initials(name) {
  const letters = [...name.trim().replace(/^[^\p{L}\p{N}]+/u, "")];
  if (!letters.length) return "?";
  if (/\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}/u.test(letters[0])) return letters[0];
  return letters[0].toLocaleUpperCase(language()) + (letters[1] && /\p{L}/u.test(letters[1]) ? letters[1].toLocaleLowerCase(language()) : "");
}

/** @param {number} id */
export const faceClass = (id) => `face-${Math.abs(id) % 8}`;

/** @param {User|null} user */
export const personName = (user) => user?.name || user?.username || gettext("Somebody who left");

/** @param {string[]} names */
export function list(names) {
  return new Intl.ListFormat(language(), { type: "conjunction" }).format(names);
}

/** Everybody in a direct room except you; you when nobody else is there. @param {MyRoom} info @param {number} you */
export function others(info, you) {
  const people = info.people ?? [];
  const rest = people.filter((p) => p.id !== you);
  return rest.length ? rest : people;
}

/** @param {MyRoom} info @param {number} you */
export function roomTitle(info, you) {
  if (info.kind !== "direct") return info.name || info.slug;
  return list(others(info, you).map(personName)) || info.name || info.slug;
}

/** @param {number} n */
export const count = (n) => (n > 999 ? "999+" : String(n));

/** @param {number} n */
export const memberCount = (n) => fill(ngettext("%(n)s member", "%(n)s members", n), { n });

/** @param {number} n */
export const onlineCount = (n) => fill(gettext("%(n)s online"), { n });

/** @param {string[]} names who types */
export function typingLine(names) {
  if (!names.length) return "";
  if (names.length > 3) return gettext("Several people are typing…");
  return fill(ngettext("%(names)s is typing…", "%(names)s are typing…", names.length), { names: list(names) });
}

/** The grey line of an event. @param {Notice} notice */
export function noticeText(notice) {
  const who = personName(notice.user), by = personName(notice.actor);
  const self = !notice.actor || notice.actor.id === notice.user?.id;
  switch (notice.type) {
    case "member.joined":
      return self ? fill(gettext("%(who)s joined"), { who }) : fill(gettext("%(by)s invited %(who)s"), { by, who });
    case "member.left":
      return notice.removed ? fill(gettext("%(by)s removed %(who)s"), { by, who }) : fill(gettext("%(who)s left"), { who });
    case "member.changed":
      return fill(gettext("%(by)s made %(who)s %(role)s"), { by, who, role: roleName(notice.role).toLocaleLowerCase(language()) });
    case "room.changed": {
      const before = notice.before ?? {};
      if ("name" in before) return fill(gettext("%(by)s renamed the room from “%(old)s”"), { by, old: before.name });
      if ("archived" in before) {
        return notice.info?.archived ? fill(gettext("%(by)s archived the room"), { by }) : fill(gettext("%(by)s opened the room again"), { by });
      }
      return fill(gettext("%(by)s changed the description"), { by });
    }
  }
  return "";
}

const NAMES = 4;

/**
 * A run of grey lines as few phrases: many who joined one after another are one phrase.
 * @param {Notice[]} notices @returns {string[]}
 */
export function noticePhrases(notices) {
  /** @type {string[]} */
  const phrases = [];
  const alone = (/** @type {Notice} */ n) => (n.type === "member.joined" || (n.type === "member.left" && !n.removed)) && (!n.actor || n.actor.id === n.user.id);
  for (let i = 0; i < notices.length; ) {
    let j = i + 1;
    while (alone(notices[i]) && j < notices.length && alone(notices[j]) && notices[j].type === notices[i].type) j++;
    if (j - i < 2) phrases.push(noticeText(notices[i]));
    else {
      const names = [...new Set(notices.slice(i, j).map((n) => personName(n.user)))], more = names.length - NAMES;
      const shown = more > 1 ? [...names.slice(0, NAMES), fill(ngettext("%(n)s more", "%(n)s more", more), { n: more })] : names;
      phrases.push(fill(notices[i].type === "member.joined" ? gettext("%(names)s joined") : gettext("%(names)s left"), { names: list(shown) }));
    }
    i = j;
  }
  return phrases;
}

/** @param {string} role */
export function roleName(role) {
  if (role === "owner") return gettext("Owner");
  return role === "moderator" ? gettext("Moderator") : gettext("Member");
}

const GROUP_MS = 5 * 60 * 1000;

/** Whether a message goes under the one before it without name and face. @param {Message|undefined} before @param {Message} message */
export function continues(before, message) {
  return !!before && !!before.author && before.author.id === message.author?.id && !message.reply_to &&
    Date.parse(message.at) - Date.parse(before.at) < GROUP_MS && dayKey(before.at) === dayKey(message.at);
}
