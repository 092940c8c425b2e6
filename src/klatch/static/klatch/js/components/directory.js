// All rooms that are open to you: what they are for, how many are here, joined or not.
import { useEffect, useRef, useState } from "preact/hooks";
import { client, failureText } from "#klatch/client.js";
import { BackArrow, Card } from "#klatch/components/cards.js";
import { html } from "#klatch/components/html.js";
import { Icon } from "#klatch/components/icons.js";
import { memberCount, onlineCount } from "#klatch/format.js";
import { gettext } from "#klatch/i18n.js";
/** @import {ListedRoom} from "#klatch/types.js" */

export function Directory() {
  const [q, setQ] = useState(""), [error, setError] = useState(""), turn = useRef(0);
  const [found, setFound] = useState(/** @type {{rooms: ListedRoom[], next: string|null}|null} */ (null));
  const online = client.socket.state.value === "online", mine = client.store.rooms.value;
  /** @param {string|null} after */
  const ask = async (after) => {
    const now = ++turn.current;
    try {
      const page = await client.request("rooms", { q: q.trim() || null, after });
      if (now !== turn.current) return;
      setError("");
      setFound(after && found ? { rooms: [...found.rooms, ...page.rooms], next: page.next } : /** @type {any} */ (page));
    } catch (e) {
      if (now === turn.current && /** @type {any} */ (e).code !== "offline") setError(failureText(/** @type {any} */ (e)));
    }
  };
  useEffect(() => {
    if (!online) return;
    const timer = setTimeout(() => void ask(null), q ? 200 : 0);
    return () => clearTimeout(timer);
  }, [q, online, mine]);
  const rooms = (found?.rooms ?? []).filter((r) => r.kind !== "direct");
  const create = () => (client.dialog.value = { kind: "create", name: q.trim() });
  return html`<main class="main" id="main" tabindex="-1"><header class="head"><${BackArrow} /><h1>${gettext("All rooms")}</h1>
      <div class="acts"><button type="button" class="button small" onClick=${create}><${Icon} name="plus" />${gettext("Create a room")}</button></div></header>
    <div class="directory"><div class="directory-in">
      <div class="searchbox"><${Icon} name="search" /><input type="search" value=${q} placeholder=${gettext("Find a room")} aria-label=${gettext("Find a room")} onInput=${(/** @type {any} */ e) => setQ(e.currentTarget.value)} /></div>
      <div aria-live="polite">${error ? html`<p class="error">${error}</p>` : !found ? html`<div class="skeleton listed" aria-hidden="true"><i /><i /><i /><i /></div>`
        : !rooms.length ? html`<${Card} title=${q ? gettext("No room by this name") : gettext("No rooms yet")} soft=${q ? gettext("Try another word, or start the room yourself.") : gettext("Start the first one: a place for everything that has no better place.")}>
            <button type="button" class="button" onClick=${create}>${gettext("Create a room")}</button></${Card}>`
        : html`<ul class="listed">${rooms.map((room) => html`<${Listed} key=${room.id} room=${room} joined=${mine.has(room.id)} />`)}</ul>
          ${found.next ? html`<button type="button" class="button quiet wide" onClick=${() => ask(found.next)}>${gettext("More rooms")}</button>` : null}`}</div>
    </div></div></main>`;
}

/** @param {{room: ListedRoom, joined: boolean}} props */
function Listed({ room, joined }) {
  const [busy, setBusy] = useState(false);
  const join = async () => {
    setBusy(true);
    await client.try(client.enterBy("join", { room: room.id }));
    setBusy(false);
  };
  const info = client.store.rooms.value.get(room.id)?.info.value;
  return html`<li class="listed-room"><a href=${client.router.href(room.slug)}>
      <span class="sign">${room.kind === "private" ? html`<${Icon} name="lock" />` : "#"}</span>
      <span class="listed-words"><b dir="auto">${info?.name ?? room.name}</b>${room.description ? html`<span class="listed-about" dir="auto">${info?.description ?? room.description}</span>` : null}
        <span class="listed-counts">${room.online > 0 ? html`<span class="dot" />${onlineCount(info?.online ?? room.online)} · ` : null}${memberCount(info?.members ?? room.members)}${room.archived ? ` · ${gettext("archived")}` : ""}${room.kind === "private" ? ` · ${gettext("private")}` : ""}</span></span></a>
    ${joined ? html`<span class="joined"><${Icon} name="mark" />${gettext("Joined")}</span>`
      : room.archived ? null : html`<button type="button" class="button quiet small" disabled=${busy} onClick=${join}>${gettext("Join")}</button>`}</li>`;
}
