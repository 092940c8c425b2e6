// What can be done with one message: a small bar on it, and a menu for the rarer things.
import { useRef, useState } from "preact/hooks";
import { client } from "#klatch/client.js";
import { EmojiPanel } from "#klatch/components/emoji-panel.js";
import { html } from "#klatch/components/html.js";
import { IconButton } from "#klatch/components/icons.js";
import { Menu } from "#klatch/components/overlays.js";
import { gettext } from "#klatch/i18n.js";
/** @import {Message} from "#klatch/types.js" */
/** @typedef {import("#klatch/room.js").Room} Room */

/** @param {{message: Message, room: Room}} props */
export function Tools({ message, room }) {
  const [open, setOpen] = useState("");
  const bar = useRef(/** @type {any} */ (null));
  const own = message.author?.id === client.store.you.value.id;
  const writable = !room.info.value.archived;
  const close = () => setOpen("");
  const toggle = (/** @type {string} */ what) => () => setOpen(open === what ? "" : what);
  const remove = () => {
    // The row outlives its tools: the focus returns to it.
    bar.current?.closest("article")?.focus();
    client.dialog.value = { kind: "delete", message };
  };
  return html`<div class="tools" ref=${bar} role="toolbar" aria-label=${gettext("Message")}>
    ${writable ? html`<${IconButton} icon="smile" label=${gettext("React")} aria-expanded=${open === "emoji"} onClick=${toggle("emoji")} />
      <${IconButton} icon="reply" label=${gettext("Reply")} onClick=${() => client.replyTo(message, room.id)} />` : null}
    ${own && writable ? html`<${IconButton} icon="edit" label=${gettext("Edit")} onClick=${() => (client.editing.value = message.id)} />` : null}
    <${IconButton} icon="more" label=${gettext("More")} aria-haspopup="menu" aria-expanded=${open === "menu"} onClick=${toggle("menu")} />
    ${open === "emoji" ? html`<${EmojiPanel} anchor=${bar.current} onclose=${close} onpick=${(/** @type {string} */ sign) => client.react(message, sign)} />` : null}
    ${open === "menu" ? html`<${Menu} anchor=${bar.current} label=${gettext("Message")} onclose=${close} items=${[
      { icon: "link", label: gettext("Copy link"), act: () => client.copyLink(message, room) },
      { icon: "copy", label: gettext("Copy text"), act: () => copyText(message) },
      { icon: "unread", label: gettext("Unread from here"), act: () => client.try(/** @type {any} */ (client.visit.peek()?.unreadFrom(message.position))) },
      (own || client.may(room)) && writable && { icon: "trash", label: gettext("Delete"), danger: true, act: remove },
    ]} />` : null}
  </div>`;
}

/** @param {Message} message */
async function copyText(message) {
  try {
    await navigator.clipboard.writeText(message.body);
    client.say(gettext("Text copied"));
  } catch {
    client.say(gettext("This browser does not let pages copy here."));
  }
}
