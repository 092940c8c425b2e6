// What @ and : offer, above the composer. The composer keeps the focus and moves the choice.
import { html } from "#klatch/components/html.js";
import { Face } from "#klatch/components/face.js";
import { gettext } from "#klatch/i18n.js";
/** @import {User} from "#klatch/types.js" */
/** @import {Asked} from "#klatch/complete.js" */
/** @typedef {{key: string, insert: string, label: string, asked: Asked, sign?: string, user?: User}} Choice */

/** @param {{choices: Choice[], at: number, onpick: (choice: Choice) => void}} props */
export function Completions({ choices, at, onpick }) {
  return html`<ul class="completions" id="completions" role="listbox" aria-label=${gettext("Suggestions")}>
    ${choices.map((c, i) => html`<li key=${c.key} id=${`completion-${i}`} role="option" aria-selected=${i === at} class=${i === at ? "at" : ""}
      onPointerDown=${(/** @type {Event} */ e) => { e.preventDefault(); onpick(c); }}>
      ${c.user ? html`<${Face} user=${c.user} />` : html`<span class="sign">${c.sign}</span>`}<span class="name"><bdi>${c.label}</bdi></span>
      ${c.user ? html`<span class="soft small">@${c.user.username}</span>` : null}</li>`)}</ul>`;
}
