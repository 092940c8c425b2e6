// The dialog that starts a room.
import { useState } from "preact/hooks";
import { client, failureText } from "#klatch/client.js";
import { html } from "#klatch/components/html.js";
import { Modal } from "#klatch/components/overlays.js";
import { gettext } from "#klatch/i18n.js";

/** @param {{onclose: () => void, name: string}} props */
export function CreateRoom({ onclose, name: given }) {
  const [name, setName] = useState(given), [description, setDescription] = useState(""), [kind, setKind] = useState("open");
  const [busy, setBusy] = useState(false), [error, setError] = useState("");
  const create = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setBusy(true);
    setError("");
    await client.enterBy("create", { name: name.trim(), description: description.trim(), kind }).then(onclose, (failed) => setError(failureText(failed)));
    setBusy(false);
  };
  const choice = (/** @type {string} */ value, /** @type {string} */ title, /** @type {string} */ words) => html`<label class=${`choice ${kind === value ? "on" : ""}`}>
    <input type="radio" name="kind" value=${value} checked=${kind === value} onChange=${() => setKind(value)} /><span><b>${title}</b><span class="soft small">${words}</span></span></label>`;
  return html`<${Modal} title=${gettext("Create a room")} onclose=${onclose}><form class="stack" onSubmit=${create}>
    <div class="field"><label for="create-name">${gettext("Name")}</label><input id="create-name" required maxlength="80" dir="auto" autofocus autocomplete="off" value=${name}
      placeholder=${gettext("for example: deploys")} onInput=${(/** @type {any} */ e) => setName(e.currentTarget.value)} aria-invalid=${error ? "true" : undefined} /></div>
    <div class="field"><label for="create-words">${gettext("What it is for")} <span class="soft">${gettext("(optional)")}</span></label><input id="create-words" maxlength="500" dir="auto" autocomplete="off"
      value=${description} onInput=${(/** @type {any} */ e) => setDescription(e.currentTarget.value)} /></div>
    <fieldset class="choices"><legend class="unseen">${gettext("Who finds it")}</legend>
      ${choice("open", gettext("Open"), gettext("Everybody here can find, join and read it."))}
      ${choice("private", gettext("Private"), gettext("Only the people you add find and read it."))}</fieldset>
    ${error ? html`<p class="error" role="alert">${error}</p>` : null}
    <div class="row end"><button type="button" class="button quiet" onClick=${onclose}>${gettext("Cancel")}</button><button class="button" disabled=${busy || !name.trim()}>${gettext("Create")}</button></div>
  </form></${Modal}>`;
}
