// The panel about a room: what it is; for owners and moderators its name, its words, its end. And the way out.
import { useState } from "preact/hooks";
import { client, failureText } from "#klatch/client.js";
import { PanelFrame } from "#klatch/components/cards.js";
import { html } from "#klatch/components/html.js";
import { memberCount, onlineCount, roomTitle } from "#klatch/format.js";
import { gettext } from "#klatch/i18n.js";
/** @typedef {import("#klatch/room.js").Room} Room */

/** @param {{room: Room}} props */
export function About({ room }) {
  const info = room.info.value, you = client.store.you.value.id;
  const direct = info.kind === "direct", may = client.may(room);
  const kind = direct ? gettext("A conversation between people. Nobody else can read it.")
    : info.kind === "private" ? gettext("Private: found and read only by its members.") : gettext("Open: everybody here can join and read.");
  const archive = () => client.try(client.request("update", { room: room.id, archived: !info.archived }));
  return html`<${PanelFrame} title=${gettext("About this room")} onclose=${() => (client.panel.value = "")}>
    ${may && !info.archived ? html`<${Form} key=${`${info.name}\n${info.description}`} room=${room} />`
      : html`<div class="stack tight"><h3 dir="auto">${roomTitle(info, you)}</h3>${info.description ? html`<p dir="auto">${info.description}</p>` : null}</div>`}
    <p class="soft small">${kind}<br />${memberCount(info.members)} · ${onlineCount(info.online)}</p>
    ${direct ? null : html`<hr /><div class="stack tight">
      ${may ? html`<button type="button" class="button quiet small" onClick=${archive}>${info.archived ? gettext("Open the room again") : gettext("Archive the room")}</button>` : null}
      <button type="button" class="button danger small" onClick=${() => (client.dialog.value = { kind: "leave", room })}>${gettext("Leave the room")}</button></div>`}
  </${PanelFrame}>`;
}

/** @param {{room: Room}} props */
function Form({ room }) {
  const info = room.info.value;
  const [name, setName] = useState(info.name), [description, setDescription] = useState(info.description);
  const [error, setError] = useState("");
  const changed = name.trim() !== info.name || description.trim() !== info.description;
  const save = async (/** @type {Event} */ e) => {
    e.preventDefault();
    const fields = { room: room.id, .../** @type {object} */ (name.trim() !== info.name && { name: name.trim() }),
      .../** @type {object} */ (description.trim() !== info.description && { description: description.trim() }) };
    setError("");
    await client.request("update", fields).then(() => client.say(gettext("Saved")), (failed) => setError(failureText(failed)));
  };
  return html`<form class="stack" onSubmit=${save}>
    <div class="field"><label for="room-name">${gettext("Name")}</label><input id="room-name" required maxlength="80" value=${name} dir="auto" onInput=${(/** @type {any} */ e) => setName(e.currentTarget.value)} /></div>
    <div class="field"><label for="room-words">${gettext("What it is for")}</label><textarea id="room-words" rows="3" maxlength="500" dir="auto" value=${description} onInput=${(/** @type {any} */ e) => setDescription(e.currentTarget.value)} /></div>
    ${error ? html`<p class="error" role="alert">${error}</p>` : null}
    <button class="button small" disabled=${!changed || !name.trim()}>${gettext("Save")}</button></form>`;
}
