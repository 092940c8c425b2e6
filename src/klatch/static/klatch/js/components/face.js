// A person's round face: picture or initials, and whether they are here. And the sign of a room.
import { html } from "#klatch/components/html.js";
import { Icon } from "#klatch/components/icons.js";
import { faceClass, initials, others, personName } from "#klatch/format.js";
/** @import {User, MyRoom, ListedRoom} from "#klatch/types.js" */

/** @param {{user: User|null, online?: boolean, large?: boolean}} props */
export function Face({ user, online = false, large = false }) {
  const name = personName(user);
  return html`<span class=${`face ${large ? "large" : ""} ${online ? "on" : ""} ${user ? faceClass(user.id) : "gone"}`} aria-hidden="true">
    ${user?.avatar ? html`<img src=${user.avatar} alt="" loading="lazy" />` : html`<span>${user ? initials(name) : "–"}</span>`}</span>`;
}

/** @param {{info: MyRoom|ListedRoom, you: number}} props */
export function RoomSign({ info, you }) {
  if (info.kind === "private") return html`<span class="sign"><${Icon} name="lock" /></span>`;
  if (info.kind !== "direct") return html`<span class="sign" aria-hidden="true">#</span>`;
  const people = others(/** @type {MyRoom} */ (info), you);
  if (people.length > 1) return html`<span class="face group" aria-hidden="true"><span>${people.length}</span></span>`;
  const on = "on" in info ? info.on : null;
  return html`<${Face} user=${people[0] ?? null} online=${people.length === 1 && !!on?.includes(people[0].id)} />`;
}
