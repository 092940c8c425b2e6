// A message that is being changed in place.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { client } from "#klatch/client.js";
import { html } from "#klatch/components/html.js";
import { gettext } from "#klatch/i18n.js";
import { editKey } from "#klatch/keys.js";
import { grow, touch } from "#klatch/components/textarea.js";
/** @import {Message} from "#klatch/types.js" */

/** @param {{message: Message}} props */
export function EditBox({ message }) {
  const ref = useRef(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  useLayoutEffect(() => {
    const el = ref.current;
    el.value = message.body;
    grow(el);
    el.focus();
    el.setSelectionRange(el.value.length, el.value.length);
    el.parentElement.scrollIntoView({ block: "nearest" });
  }, []);
  const close = () => {
    client.editing.value = null;
    client.focusComposer();
  };
  const save = async () => {
    const body = ref.current.value.trim();
    if (!body || body === message.body) return close();
    setBusy(true);
    const done = await client.try(client.request("edit", { message: message.id, body }));
    setBusy(false);
    if (done) close();
  };
  const key = (/** @type {KeyboardEvent} */ e) => {
    const what = editKey(e, { touch: touch() });
    e.stopPropagation();
    if (!what) return;
    e.preventDefault();
    if (what === "save") void save();
    else close();
  };
  return html`<div class="edit-box"><textarea ref=${ref} rows="1" aria-label=${gettext("Change the message")} dir="auto"
      maxlength=${client.store.limits.body} onInput=${(/** @type {any} */ e) => grow(e.currentTarget)} onKeyDown=${key} />
    <div class="row"><button type="button" class="button small" disabled=${busy} onClick=${save}>${gettext("Save")}</button>
      <button type="button" class="button quiet small" onClick=${close}>${gettext("Cancel")}</button></div></div>`;
}
