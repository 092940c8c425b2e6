// Choices of this browser: single-key shortcuts, whether the members' list stands open; how wide its window is.
import { signal } from "@preact/signals-core";

/** @param {string} name @param {boolean} fallback */
function choice(name, fallback) {
  const key = `klatch.${name}`;
  let stored = null;
  try {
    stored = localStorage.getItem(key);
  } catch { /* forbidden storage: the choice lasts as long as the page */ }
  const value = signal(stored === null ? fallback : stored === "1");
  return {
    value,
    /** @param {boolean} on */
    set(on) {
      value.value = on;
      try {
        localStorage.setItem(key, on ? "1" : "0");
      } catch { /* as above */ }
    },
  };
}

const phone = globalThis.matchMedia?.("(max-width: 720px)");
/** Whether the list and a room are separate screens. The style sheets have the same width. */
export const narrow = signal(phone?.matches ?? false);
phone?.addEventListener("change", () => (narrow.value = phone.matches));

export const singleKeys = choice("single-keys", true);
export const membersOpen = choice("members-open", globalThis.innerWidth >= 1200);
