// What the two places for writing share: growing with the text, and whether fingers write.

/** @param {HTMLTextAreaElement} el */
export function grow(el) {
  el.style.blockSize = "auto";
  el.style.blockSize = `${el.scrollHeight + el.offsetHeight - el.clientHeight}px`;
}

/** Whether the main pointer is a finger: then Enter breaks the line. */
export const touch = () => matchMedia("(pointer: coarse)").matches;
