// The dialogs: which one is open is in the client; each asks one thing.
import { useState } from "preact/hooks";
import { client, failureText } from "#klatch/client.js";
import { CreateRoom } from "#klatch/components/create-room.js";
import { Help } from "#klatch/components/help.js";
import { html } from "#klatch/components/html.js";
import { Modal } from "#klatch/components/overlays.js";
import { PeoplePicker } from "#klatch/components/people-picker.js";
import { Switcher } from "#klatch/components/switcher.js";
import { personName, roomTitle } from "#klatch/format.js";
import { fill, gettext } from "#klatch/i18n.js";
/** @import {Message, User} from "#klatch/types.js" */
/** @typedef {import("#klatch/room.js").Room} Room */

export function Dialogs() {
  const dialog = client.dialog.value;
  if (!dialog) return null;
  const onclose = () => {
    if (client.dialog.peek() === dialog) client.dialog.value = null;
  };
  switch (dialog.kind) {
    case "switcher": return html`<${Switcher} onclose=${onclose} />`;
    case "help": return html`<${Help} onclose=${onclose} />`;
    case "create": return html`<${CreateRoom} onclose=${onclose} name=${dialog.name ?? ""} />`;
    case "direct": return html`<${Direct} onclose=${onclose} />`;
    case "invite": return html`<${Invite} onclose=${onclose} room=${dialog.room} />`;
    case "delete": return html`<${Delete} onclose=${onclose} message=${dialog.message} />`;
    case "leave": return html`<${Leave} onclose=${onclose} room=${dialog.room} />`;
    case "remove": return html`<${Remove} onclose=${onclose} room=${dialog.room} user=${dialog.user} />`;
    case "link": return html`<${Modal} title=${gettext("Copy this link")} onclose=${onclose}><input readonly value=${dialog.link} aria-label=${gettext("Link")} onFocus=${(/** @type {any} */ e) => e.currentTarget.select()} autofocus /></${Modal}>`;
  }
  return null;
}

/** A question with one thing to do. @param {{title: string, words: any, act: string, danger?: boolean, work: () => Promise<any>, onclose: () => void, ready?: boolean, children?: any}} props */
function Ask({ title, words, act, danger = false, work, onclose, ready = true, children }) {
  const [busy, setBusy] = useState(false), [error, setError] = useState("");
  const go = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setBusy(true);
    setError("");
    await work().then(onclose, (failed) => setError(failureText(failed)));
    setBusy(false);
  };
  return html`<${Modal} title=${title} onclose=${onclose}><form class="stack" onSubmit=${go}>
    ${words ? html`<p class="soft">${words}</p>` : null}${children}
    ${error ? html`<p class="error" role="alert">${error}</p>` : null}
    <div class="row end"><button type="button" class="button quiet" onClick=${onclose}>${gettext("Cancel")}</button>
      <button class=${`button ${danger ? "danger" : ""}`} disabled=${busy || !ready}>${act}</button></div></form></${Modal}>`;
}

/** @param {{onclose: () => void}} props */
function Direct({ onclose }) {
  const [chosen, setChosen] = useState(/** @type {User[]} */ ([]));
  return html`<${Ask} title=${gettext("Write to somebody")} words=${gettext("Choose one person, or several for a conversation among you.")} act=${gettext("Start writing")}
    ready=${chosen.length > 0} onclose=${onclose} work=${() => client.enterBy("direct", { users: chosen.map((u) => u.id) })}>
    <${PeoplePicker} chosen=${chosen} onchange=${setChosen} label=${gettext("Type a name")} /></${Ask}>`;
}

/** @param {{onclose: () => void, room: Room}} props */
function Invite({ onclose, room }) {
  const [chosen, setChosen] = useState(/** @type {User[]} */ ([]));
  return html`<${Ask} title=${fill(gettext("Add people to #%(name)s"), { name: room.info.value.name })} words="" act=${gettext("Add")} ready=${chosen.length > 0} onclose=${onclose}
    work=${() => client.request("invite", { room: room.id, users: chosen.map((u) => u.id) })}>
    <${PeoplePicker} chosen=${chosen} onchange=${setChosen} except=${new Set(room.members.peek()?.keys())} label=${gettext("Type a name")} /></${Ask}>`;
}

/** @param {{onclose: () => void, message: Message}} props */
function Delete({ onclose, message }) {
  return html`<${Ask} title=${gettext("Delete this message?")} words=${gettext("Its words are gone for everybody, at once and for good. A grey line stays in its place.")} act=${gettext("Delete")} danger=${true}
    onclose=${onclose} work=${() => client.request("delete", { message: message.id })}><blockquote class="preview" dir="auto">${message.body.slice(0, 300)}</blockquote></${Ask}>`;
}

/** @param {{onclose: () => void, room: Room}} props */
function Leave({ onclose, room }) {
  const info = room.info.value;
  return html`<${Ask} title=${fill(gettext("Leave #%(name)s?"), { name: roomTitle(info, client.store.you.value.id) })}
    words=${info.kind === "private" ? gettext("To come back you need somebody who adds you.") : gettext("You can join again at any time.")} act=${gettext("Leave")} danger=${true}
    onclose=${onclose} work=${async () => {
      await client.request("leave", { room: room.id });
      client.router.go(client.router.base);
    }} />`;
}

/** @param {{onclose: () => void, room: Room, user: User}} props */
function Remove({ onclose, room, user }) {
  return html`<${Ask} title=${fill(gettext("Remove %(name)s from the room?"), { name: personName(user) })} words=${gettext("They see nothing of it from this moment on. What they wrote stays.")}
    act=${gettext("Remove")} danger=${true} onclose=${onclose} work=${() => client.request("remove", { room: room.id, user: user.id })} />`;
}
