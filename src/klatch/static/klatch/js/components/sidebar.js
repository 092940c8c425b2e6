// The left side: unread first, rooms, people; who you are and what you can do about it.
import { useRef, useState } from "preact/hooks";
import { client } from "#klatch/client.js";
import { Face, RoomSign } from "#klatch/components/face.js";
import { html } from "#klatch/components/html.js";
import { Cup, Icon, IconButton } from "#klatch/components/icons.js";
import { Menu } from "#klatch/components/overlays.js";
import { count, roomTitle } from "#klatch/format.js";
import { fill, gettext, ngettext } from "#klatch/i18n.js";
import { sections } from "#klatch/rooms.js";
/** @typedef {import("#klatch/room.js").Room} Room */

const mac = /Mac|iPhone|iPad/.test(navigator.platform);

export function Sidebar() {
  const { store, router, config } = client;
  const you = store.you.value.id;
  const { unread, rooms, people, archived } = sections(store.rooms.value.values(), you);
  const [showArchived, setShowArchived] = useState(false);
  const open = (/** @type {string} */ kind) => () => (client.dialog.value = { kind });
  return html`<nav class="side" aria-label=${gettext("Conversations")}>
    <div class="side-head"><a class="brand" href=${router.base}><${Cup} /><span>${config.place}</span></a></div>
    <button type="button" class="jump" onClick=${open("switcher")}><span>${gettext("Jump to…")}</span><kbd>${mac ? "⌘ K" : "Ctrl K"}</kbd></button>
    <div class="side-list">
      ${!store.welcomed.value ? html`<div class="skeleton rows" aria-hidden="true"><i /><i /><i /><i /><i /><i /></div>` : html`
      ${unread.length ? html`<${Section} title=${gettext("Unread")} rooms=${unread} you=${you} />` : null}
      <${Section} title=${gettext("Rooms")} rooms=${rooms} you=${you}
        action=${html`<${IconButton} icon="plus" class="mini" label=${gettext("Create a room")} onClick=${open("create")} />`}>
        <li><a class=${`item ${router.route.value.browse ? "here" : ""}`} href=${router.browseHref}><span class="sign"><${Icon} name="compass" /></span><span class="name">${gettext("All rooms")}</span></a></li>
      </${Section}>
      <${Section} title=${gettext("People")} rooms=${people} you=${you}
        action=${html`<${IconButton} icon="write" class="mini" label=${gettext("Write to somebody")} onClick=${open("direct")} />`}>
        ${people.length ? null : html`<li><button type="button" class="item" onClick=${open("direct")}><span class="sign"><${Icon} name="write" /></span><span class="name">${gettext("Write to somebody")}</span></button></li>`}
        ${config.links.invite ? html`<li><a class="item" href=${config.links.invite}><span class="sign"><${Icon} name="invite" /></span><span class="name">${gettext("Invite people")}</span></a></li>` : null}
      </${Section}>
      ${archived.length ? html`<h2 class="side-title"><button type="button" aria-expanded=${showArchived} onClick=${() => setShowArchived(!showArchived)}>
        ${fill(gettext("Archived · %(n)s"), { n: archived.length })}</button></h2>
        ${showArchived ? html`<ul>${archived.map((room) => html`<${Item} key=${room.id} room=${room} you=${you} />`)}</ul>` : null}` : null}`}
    </div>
    <${Me} />
  </nav>`;
}

/** @param {{title: string, rooms: Room[], you: number, action?: any, children?: any}} props */
function Section({ title, rooms, you, action, children }) {
  return html`<div class="side-title"><h2>${title}</h2>${action}</div>
    <ul>${rooms.map((room) => html`<${Item} key=${room.id} room=${room} you=${you} />`)}${children}</ul>`;
}

/** @param {{room: Room, you: number}} props */
function Item({ room, you }) {
  const info = room.info.value, unread = room.unread, title = roomTitle(info, you);
  const here = client.router.route.value.slug === info.slug;
  const draft = !here && client.drafts.get(room.id) !== "";
  return html`<li><a class=${`item ${here ? "here" : ""} ${unread ? "unread" : ""}`} href=${client.router.href(info.slug)} aria-current=${here ? "page" : undefined}>
    <${RoomSign} info=${info} you=${you} /><span class="name"><bdi>${title}</bdi></span>
    ${unread ? html`<span class="n"><span aria-hidden="true">${count(unread)}</span><span class="unseen">${fill(ngettext("%(n)s unread message", "%(n)s unread messages", unread), { n: unread })}</span></span>`
      : draft ? html`<span class="draft" title=${gettext("Draft")}><${Icon} name="edit" /></span>` : null}
  </a></li>`;
}

function Me() {
  const { store, config, socket } = client;
  const [menu, setMenu] = useState(false);
  const ref = useRef(/** @type {any} */ (null));
  const { links } = config;
  const you = store.you.value;
  return html`<div class="me"><button type="button" class="me-button" ref=${ref} aria-haspopup="menu" aria-expanded=${menu} onClick=${() => setMenu(!menu)}>
      <${Face} user=${you} online=${socket.state.value === "online"} /><span class="name"><bdi>${you.name || you.username}</bdi></span><${Icon} name="more" /></button>
    ${menu ? html`<${Menu} anchor=${ref.current} label=${gettext("You")} onclose=${() => setMenu(false)} items=${[
      links.account && { icon: "account", label: gettext("Your account"), href: links.account },
      links.invite && { icon: "invite", label: gettext("Invite people"), href: links.invite },
      links.people && { icon: "people", label: gettext("People"), href: links.people },
      { icon: "mark", label: gettext("Mark everything as read"), act: () => markAll() },
      { icon: "keyboard", label: gettext("Keyboard shortcuts"), act: () => (client.dialog.value = { kind: "help" }) },
      links.admin && { icon: "info", label: gettext("Administration"), href: links.admin },
      links.logout && { icon: "out", label: gettext("Log out"), act: () => client.logOut() },
    ]} />` : null}</div>`;
}

async function markAll() {
  const done = await client.try(client.request("read_all"));
  if (!done) return;
  for (const room of client.store.rooms.peek().values()) room.readTo(Math.max(room.info.value.read, room.info.value.count));
  client.say(gettext("Everything is marked as read"));
}
