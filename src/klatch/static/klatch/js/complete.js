// What @ and : offer while somebody writes: finds the word at the caret and puts the choice in. Pure functions.
/** @import {User} from "#klatch/types.js" */

/** @typedef {{kind: "person"|"emoji", q: string, from: number, to: number}} Asked */

/**
 * The @name or :emoji that ends at the caret, if one is being written there.
 * @param {string} text @param {number} caret @returns {Asked|null}
 */
export function asked(text, caret) {
  const before = text.slice(0, caret);
  // Not inside an e-mail address; but right after a word of a script that writes no spaces.
  const person = /(?<![\p{Script=Latin}\p{Script=Cyrillic}\p{N}._%+@-])@([\p{L}\p{N}._+-]{0,40})$/u.exec(before);
  if (person) return { kind: "person", q: person[1], from: caret - person[1].length - 1, to: caret };
  const emoji = /(?:^|[\s(])[:：]([\p{L}\p{N}_+-]{2,30})$/u.exec(before);
  if (emoji) return { kind: "emoji", q: emoji[1], from: caret - emoji[1].length - 1, to: caret };
  return null;
}

/**
 * @param {string} text @param {Asked} asked @param {string} chosen
 * @returns {{text: string, caret: number}}
 */
export function filled(text, { from, to }, chosen) {
  const space = /^\s/.test(text.slice(to)) ? "" : " ";
  return { text: text.slice(0, from) + chosen + space + text.slice(to), caret: from + chosen.length + 1 };
}

/** @param {string} words */
const folded = (words) => words.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/**
 * How well `q` fits the words: 0 not at all, more is better.
 * @param {string} q @param {...string} words
 */
export function fit(q, ...words) {
  const wanted = folded(q);
  if (!wanted) return 1;
  let best = 0;
  for (const text of words.map(folded)) {
    if (text === wanted) best = Math.max(best, 4);
    else if (text.startsWith(wanted)) best = Math.max(best, 3);
    else if (text.split(/[\s._-]+/).some((w) => w.startsWith(wanted))) best = Math.max(best, 2);
    else if (text.includes(wanted)) best = Math.max(best, 1);
  }
  return best;
}

/** @param {User[]} people @param {string} q @param {number} [limit] @returns {User[]} */
export function findPeople(people, q, limit = 6) {
  return people
    .map((user) => ({ user, score: fit(q, user.username, user.name) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.user.name.localeCompare(b.user.name))
    .slice(0, limit)
    .map(({ user }) => user);
}
