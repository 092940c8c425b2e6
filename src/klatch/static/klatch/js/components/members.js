// The panel of members: who is here, who is away; for those who may, roles and removal.
import { useEffect, useRef, useState } from "preact/hooks";
import { client, failureText } from "#klatch/client.js";
import { PanelFrame, RowSkeleton } from "#klatch/components/cards.js";
import { Face } from "#klatch/components/face.js";
import { html } from "#klatch/components/html.js";
import { Icon, IconButton } from "#klatch/components/icons.js";
import { Menu } from "#klatch/components/overlays.js";
import { personName, roleName } from "#klatch/format.js";
import { fill, gettext } from "#klatch/i18n.js";
import { membersOpen } from "#klatch/preferences.js";
/** @import {Member} from "#klatch/types.js" */
/** @typedef {import("#klatch/room.js").Room} Room */

/** @param {{room: Room}} props */
export function Members({ room }) {
  const [error, setError] = useState("");
  const online = client.socket.state.value === "online", members = room.members.value;
  useEffect(() => {
    if (!online || members) return;
    setError("");
    client.loadMembers(room).catch((e) => setError(failureText(e)));
  }, [online, members]);
  const byName = [...(members?.values() ?? [])].sort((a, b) => personName(a.user).localeCompare(personName(b.user)));
  const here = byName.filter((m) => m.online), away = byName.filter((m) => !m.online);
  const close = () => {
    membersOpen.set(false);
    client.panel.value = "";
  };
  const { kind, archived } = room.info.value;
  const inviting = !archived && (kind === "open" || client.may(room));
  return html`<${PanelFrame} title=${gettext("Members")} onclose=${close}>
    ${inviting && kind !== "direct" ? html`<button type="button" class="button quiet small wide" onClick=${() => (client.dialog.value = { kind: "invite", room })}>
      <${Icon} name="invite" />${gettext("Add people")}</button>` : null}
    ${error ? html`<p class="error">${error}</p>` : !members ? html`<${RowSkeleton} />` : html`
      <${Group} title=${fill(gettext("Online · %(n)s"), { n: here.length })} members=${here} room=${room} />
      ${away.length ? html`<${Group} title=${fill(gettext("Away · %(n)s"), { n: away.length })} members=${away} room=${room} />` : null}`}
  </${PanelFrame}>`;
}

/** @param {{title: string, members: Member[], room: Room}} props */
function Group({ title, members, room }) {
  return html`<h3 class="group">${title}</h3><ul class="people">${members.map((m) => html`<${Person} key=${m.user.id} member=${m} room=${room} />`)}</ul>`;
}

/** @param {{member: Member, room: Room}} props */
function Person({ member, room }) {
  const [menu, setMenu] = useState(false);
  const ref = useRef(/** @type {any} */ (null));
  const { user, role, online } = member;
  const you = client.store.you.value.id, self = user.id === you, owner = client.may(room, false);
  const name = personName(user), outranks = owner || (client.may(room) && role === "member");
  const set = (/** @type {string} */ to) => () => client.try(client.request("role", { room: room.id, user: user.id, role: to }));
  const items = [
    !self && room.info.value.kind !== "direct" && { icon: "write", label: gettext("Write to them"), act: () => client.try(client.enterBy("direct", { users: [user.id] })) },
    owner && !self && role !== "owner" && { icon: "account", label: gettext("Make owner"), act: set("owner") },
    owner && !self && role !== "moderator" && { icon: "account", label: gettext("Make moderator"), act: set("moderator") },
    owner && !self && role !== "member" && { icon: "account", label: gettext("Make plain member"), act: set("member") },
    outranks && !self && { icon: "out", label: gettext("Remove from the room"), danger: true, act: () => (client.dialog.value = { kind: "remove", room, user }) },
  ].filter(Boolean);
  return html`<li class=${`person ${online ? "" : "away"}`}><${Face} user=${user} online=${online} />
    <span class="name" title=${`${name} (@${user.username})`}><bdi>${name}</bdi></span>
    ${role === "member" || room.info.value.kind === "direct" ? null : html`<span class="role">${roleName(role)}</span>`}
    ${items.length ? html`<span ref=${ref}><${IconButton} icon="dots" class="mini" label=${fill(gettext("What you can do with %(name)s"), { name })} aria-haspopup="menu"
      aria-expanded=${menu} onClick=${() => setMenu(!menu)} /></span>` : null}
    ${menu ? html`<${Menu} anchor=${ref.current} label=${name} onclose=${() => setMenu(false)} items=${items} />` : null}</li>`;
}
