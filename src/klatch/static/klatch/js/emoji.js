// The small set of emoji that are offered, with the words they are found by; and which were used last.
import { gettext, language } from "#klatch/i18n.js";

/** @type {[string, string][]} sign, and its short names in English: what people type after a colon */
export const EMOJI = [
  ["👍", "thumbsup yes +1"], ["👎", "thumbsdown no -1"], ["❤️", "heart love"], ["🎉", "tada party"], ["😄", "smile happy"],
  ["😂", "joy laugh"], ["🙂", "slight_smile"], ["😉", "wink"], ["😊", "blush"], ["😍", "heart_eyes"],
  ["🤔", "thinking"], ["😮", "open_mouth wow"], ["😢", "cry sad"], ["😭", "sob"], ["😅", "sweat_smile"],
  ["🙈", "see_no_evil"], ["😎", "cool sunglasses"], ["🤷", "shrug"], ["🙏", "pray please thanks"], ["👏", "clap"],
  ["🙌", "raised_hands"], ["💪", "muscle strong"], ["👀", "eyes look"], ["👋", "wave hello"], ["🤝", "handshake deal"],
  ["✅", "check done"], ["❌", "x cross"], ["❓", "question"], ["❗", "exclamation"], ["💯", "hundred 100"],
  ["🔥", "fire"], ["🚀", "rocket ship"], ["✨", "sparkles"], ["⭐", "star"], ["💡", "bulb idea"],
  ["🐛", "bug"], ["🔧", "wrench fix"], ["📌", "pin"], ["☕", "coffee"], ["🍰", "cake"], ["🌧️", "rain"], ["☀️", "sun"],
];

export const QUICK = ["👍", "❤️", "🎉", "😂", "👀", "✅"];

/** How an emoji is spoken of: in English by its short name, elsewhere by itself, which screen readers can say. @param {string} sign */
export function emojiName(sign) {
  if (language().split("-")[0] !== "en") return sign;
  const found = EMOJI.find(([s]) => s === sign);
  return found ? found[1].split(" ")[0].replaceAll("_", " ") : gettext("emoji");
}

/** @param {string} q @param {number} [limit] @returns {{sign: string, name: string}[]} */
export function findEmoji(q, limit = 6) {
  const words = q.toLowerCase();
  const found = [];
  for (const [sign, names] of EMOJI) {
    const at = names.split(" ").findIndex((n) => n.startsWith(words));
    if (at >= 0) found.push({ sign, name: names.split(" ")[at] });
  }
  return found.slice(0, limit);
}

const KEY = "klatch.emoji";

/** @returns {string[]} */
export function recentEmoji() {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter((s) => typeof s === "string").slice(0, 8) : [];
  } catch {
    return [];
  }
}

/** @param {string} sign */
export function usedEmoji(sign) {
  try {
    localStorage.setItem(KEY, JSON.stringify([sign, ...recentEmoji().filter((s) => s !== sign)].slice(0, 8)));
  } catch { /* nothing depends on it */ }
}
