// What the page says to the client: addresses below the place where Klatch is mounted, who is reading.
/** @import {Config} from "#klatch/types.js" */

/** @type {Config} */
export const config = JSON.parse(document.getElementById("klatch-config")?.textContent ?? "{}");

/** @returns {string} */
export function socketUrl() {
  const url = new URL(config.ws, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
