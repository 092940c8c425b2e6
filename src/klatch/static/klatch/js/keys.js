// What a key means: pure decisions about key events. Listens to nothing and does nothing itself.

/**
 * @typedef {{key: string, ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean, shiftKey?: boolean,
 *   isComposing?: boolean, keyCode?: number}} Key
 */

/** Whether an input method is at work: its Enter, arrows and Escape belong to it. @param {Key} e */
export const composing = (e) => e.isComposing === true || e.keyCode === 229;

/**
 * What a key does in the composer.
 * @param {Key} e @param {{touch: boolean, empty: boolean, menu: boolean}} at `menu`: completions are shown
 * @returns {"send"|"pick"|"next"|"previous"|"close"|"edit-last"|null}
 */
export function composerKey(e, { touch, empty, menu }) {
  if (composing(e)) return null;
  const plain = !e.ctrlKey && !e.metaKey && !e.altKey && !e.shiftKey;
  if (menu) {
    if ((e.key === "Enter" || e.key === "Tab") && plain) return "pick";
    if (e.key === "ArrowDown" && plain) return "next";
    if (e.key === "ArrowUp" && plain) return "previous";
    if (e.key === "Escape") return "close";
  }
  if (e.key === "Enter") {
    if ((e.ctrlKey || e.metaKey) && !e.shiftKey && !e.altKey) return "send";
    return plain && !touch ? "send" : null;
  }
  if (e.key === "ArrowUp" && plain && empty) return "edit-last";
  return e.key === "Escape" ? "close" : null;
}

/** What a key does while a message is edited in place. @param {Key} e @param {{touch: boolean}} at @returns {"save"|"cancel"|null} */
export function editKey(e, { touch }) {
  if (composing(e)) return null;
  if (e.key === "Escape") return "cancel";
  if (e.key === "Enter" && (e.ctrlKey || e.metaKey || (!touch && !e.shiftKey && !e.altKey))) return "save";
  return null;
}

/** @typedef {"switcher"|"next-unread"|"unread-here"|"reply"|"edit"|"react"|"help"|"search"|"compose"} Shortcut */

/**
 * What a key does anywhere on the page.
 * @param {Key} e @param {{writing: boolean, dialog: boolean, single: boolean}} at `writing`: a text field has the focus;
 *   `single`: single keys are switched on
 * @returns {Shortcut|null}
 */
export function shortcut(e, { writing, dialog, single }) {
  if (composing(e)) return null;
  if ((e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey && e.key.toLowerCase() === "k") return "switcher";
  if (writing || dialog || !single || e.ctrlKey || e.metaKey || e.altKey) return null;
  if (e.shiftKey && e.key.toLowerCase() === "u") return "unread-here";
  switch (e.key) {
    case "?": return "help";
    case "/": return "search";
    case "n": return "next-unread";
    case "r": return "reply";
    case "e": return "edit";
    case "c": return "compose";
    case "+": return "react";
  }
  return null;
}
