// Calm pages in the place of a conversation: not a member, unknown, taken away, logged out, skeleton.
import { useEffect, useState } from "preact/hooks";
import { client, failureText } from "#klatch/client.js";
import { html } from "#klatch/components/html.js";
import { Cup, IconButton } from "#klatch/components/icons.js";
import { memberCount, onlineCount } from "#klatch/format.js";
import { fill, gettext } from "#klatch/i18n.js";
/** @import {ListedRoom} from "#klatch/types.js" */

/** @param {{title: string, children?: any, soft?: any}} props */
export function Card({ title, soft, children }) {
  return html`<div class="empty"><${Cup} /><h2>${title}</h2>${soft ? html`<p class="soft">${soft}</p>` : null}<div class="row">${children}</div></div>`;
}

/** The frame of a page that has no room: a back arrow for phones. @param {{title: string, children?: any}} props */
export function Plain({ title, children }) {
  return html`<main class="main" id="main" tabindex="-1"><header class="head"><${BackArrow} />${title ? html`<h1>${title}</h1>` : null}</header><div class="fill">${children}</div></main>`;
}

/** The way back to the list on a phone; with a dot when something new waits in other rooms. */
export function BackArrow() {
  const here = client.visit.value?.room, elsewhere = client.store.unread.value - (here && !here.info.value.archived ? here.unread : 0);
  return html`<a class=${`icon back ${elsewhere > 0 ? "news" : ""}`} href=${client.router.base} aria-label=${gettext("Back to the list")}><${Back} /></a>`;
}


const Back = () => html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round" class="flips" aria-hidden="true"><path d="M15 5l-7 7 7 7" /></svg>`;

/** What stands at the address of a room that is not yours. @param {{slug: string}} props */
export function StrangeRoom({ slug }) {
  const [found, setFound] = useState(/** @type {ListedRoom|null|undefined} */ (undefined));
  const [error, setError] = useState("");
  const online = client.socket.state.value === "online";
  useEffect(() => {
    if (!online) return;
    client.request("rooms", { q: slug }).then(
      ({ rooms }) => setFound(rooms.find((/** @type {ListedRoom} */ r) => r.slug === slug) ?? null),
      (e) => setError(failureText(e)));
  }, [slug, online]);
  const lost = client.store.lost.value.get(slug);
  if (lost !== undefined) {
    return html`<${Plain} title=${lost || slug}><${Card} title=${fill(gettext("You are no longer in #%(name)s"), { name: lost || slug })}
      soft=${gettext("What was said here is not shown any more.")}>
      ${found && !found.archived ? html`<${JoinButton} room=${found} />` : null}<a class="button quiet" href=${client.router.browseHref}>${gettext("Look at all rooms")}</a></${Card}></${Plain}>`;
  }
  if (error) return html`<${Plain} title=${slug}><${Card} title=${gettext("This page did not load")} soft=${error} /></${Plain}>`;
  if (found === undefined) return html`<${Plain} title=""><${TalkSkeleton} /></${Plain}>`;
  if (found) return html`<${JoinCard} room=${found} />`;
  return html`<${Plain} title=${`# ${slug}`}><${Card} title=${gettext("There is no such room")}
    soft=${gettext("Nothing by this name is open to you. The link may be mistyped, or the room is private. You can also start a room with this name.")}>
    <button type="button" class="button" onClick=${() => (client.dialog.value = { kind: "create", name: slug })}>${fill(gettext("Create #%(name)s"), { name: slug })}</button>
    <a class="button quiet" href=${client.router.browseHref}>${gettext("Look at all rooms")}</a></${Card}></${Plain}>`;
}

/** @param {{room: ListedRoom}} props */
function JoinCard({ room }) {
  return html`<${Plain} title=${`# ${room.name}`}><${Card} title=${`# ${room.name}`} soft=${html`${room.description ? html`${room.description}<br />` : null}
    ${memberCount(room.members)}${room.online ? ` · ${onlineCount(room.online)}` : ""}`}>
    ${room.archived ? html`<p class="soft">${gettext("This room is archived.")}</p>`
      : html`<${JoinButton} room=${room} />`}</${Card}></${Plain}>`;
}

/** @param {{room: ListedRoom}} props */
function JoinButton({ room }) {
  const [busy, setBusy] = useState(false);
  const join = async () => {
    setBusy(true);
    await client.try(client.enterBy("join", { room: room.id }));
    setBusy(false);
  };
  return html`<button type="button" class="button" disabled=${busy} onClick=${join}>${fill(gettext("Join #%(name)s"), { name: room.name })}</button>`;
}

/** The server will not have this page back: why, and what to do. @param {{code: number}} props */
export function Stopped({ code }) {
  const reload = () => location.reload();
  if (code === 4500 || code === 4501) {
    return html`<${Card} title=${gettext("You are logged out")} soft=${gettext("What you wrote and did not send is kept in this browser.")}>
      <button type="button" class="button" onClick=${reload}>${gettext("Log in")}</button></${Card}>`;
  }
  if (code === 4503) {
    return html`<${Card} title=${gettext("Open in too many places")} soft=${gettext("Close the chat in another tab or on another device, then go on here.")}>
      <button type="button" class="button" onClick=${reload}>${gettext("Go on here")}</button></${Card}>`;
  }
  return html`<${Card} title=${gettext("This page is out of date")} soft=${gettext("The server and this page no longer understand each other. Loading it again mends that.")}>
    <button type="button" class="button" onClick=${reload}>${gettext("Load again")}</button></${Card}>`;
}

export const TalkSkeleton = () => html`<div class="skeleton talk" aria-hidden="true"><i /><i /><i /><i /></div>`;
export const RowSkeleton = () => html`<div class="skeleton rows" aria-hidden="true"><i /><i /><i /><i /><i /></div>`;

/** @param {{title: string, onclose: () => void, children?: any}} props */
export function PanelFrame({ title, onclose, children }) {
  const escape = (/** @type {KeyboardEvent} */ e) => {
    if (e.key !== "Escape" || e.isComposing || e.defaultPrevented) return;
    e.preventDefault();
    onclose();
    client.focusComposer();
  };
  return html`<aside class="panel" aria-label=${title} onKeyDown=${escape}><header class="panel-head"><h2>${title}</h2>
    <${IconButton} icon="close" label=${gettext("Close")} onClick=${onclose} /></header><div class="panel-in">${children}</div></aside>`;
}
