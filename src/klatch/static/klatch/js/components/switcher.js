// Jump to a room or a person by a few letters: Ctrl/Cmd+K.
import { useEffect, useRef, useState } from "preact/hooks";
import { client } from "#klatch/client.js";
import { Face, RoomSign } from "#klatch/components/face.js";
import { html } from "#klatch/components/html.js";
import { Icon } from "#klatch/components/icons.js";
import { Modal } from "#klatch/components/overlays.js";
import { count, personName, roomTitle } from "#klatch/format.js";
import { gettext } from "#klatch/i18n.js";
import { composing } from "#klatch/keys.js";
import { findRooms } from "#klatch/rooms.js";
/** @import {ListedRoom, User} from "#klatch/types.js" */
/** @typedef {{key: string, sign: any, title: string, note: any, go: () => void}} Target */

const PAUSE_MS = 160;

/** @param {{onclose: () => void}} props */
export function Switcher({ onclose }) {
  const { store, router } = client, you = store.you.value.id;
  const [q, setQ] = useState(""), [at, setAt] = useState(0);
  const [more, setMore] = useState(/** @type {{rooms: ListedRoom[], people: User[]}} */ ({ rooms: [], people: [] }));
  const input = useRef(/** @type {any} */ (null)), list = useRef(/** @type {any} */ (null));
  useEffect(() => input.current?.focus(), []);
  useEffect(() => {
    let stale = false;
    const words = q.trim();
    if (!words) return setMore({ rooms: [], people: [] });
    const timer = setTimeout(() => Promise.all([client.request("rooms", { q: words }), client.request("people", { q: words })]).then(
      ([r, p]) => !stale && setMore({ rooms: r.rooms, people: p.people }), () => { /* offline: your own rooms are enough */ }), PAUSE_MS);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [q]);

  const mine = findRooms(store.rooms.value.values(), q.trim(), you).slice(0, 12);
  /** @type {Target[]} */
  const targets = mine.map((room) => {
    const info = room.info.value;
    return { key: `r${room.id}`, sign: html`<${RoomSign} info=${info} you=${you} />`, title: roomTitle(info, you),
      note: room.unread ? html`<span class="n">${count(room.unread)}</span>` : null, go: () => client.open(info) };
  });
  for (const room of more.rooms.filter((r) => !store.rooms.value.has(r.id)).slice(0, 6)) {
    targets.push({ key: `o${room.id}`, sign: html`<${RoomSign} info=${room} you=${you} />`, title: room.name, note: html`<span class="soft small">${gettext("not joined")}</span>`, go: () => client.open(room) });
  }
  const talking = new Set(mine.flatMap((r) => (r.info.value.people?.length === 2 ? r.info.value.people.map((p) => p.id) : [])));
  for (const user of more.people.filter((p) => p.id !== you && !talking.has(p.id)).slice(0, 6)) {
    targets.push({ key: `p${user.id}`, sign: html`<${Face} user=${user} online=${/** @type {any} */ (user).online} />`, title: personName(user),
      note: html`<span class="soft small">@${user.username}</span>`, go: () => client.try(client.enterBy("direct", { users: [user.id] })) });
  }
  if (!q.trim()) targets.push({ key: "all", sign: html`<span class="sign"><${Icon} name="compass" /></span>`, title: gettext("All rooms"), note: null, go: () => router.go(router.browseHref) });
  const chosen = Math.min(at, targets.length - 1);
  useEffect(() => list.current?.querySelector(".at")?.scrollIntoView({ block: "nearest" }), [chosen]);
  const take = (/** @type {Target|undefined} */ target) => {
    if (!target) return;
    onclose();
    target.go();
  };
  const key = (/** @type {KeyboardEvent} */ e) => {
    if (composing(e)) return;
    if (e.key === "ArrowDown") setAt((chosen + 1) % targets.length);
    else if (e.key === "ArrowUp") setAt((chosen + targets.length - 1) % targets.length);
    else if (e.key === "Enter") take(targets[chosen]);
    else if (e.key === "Escape") onclose(); // else the browser only empties the field
    else return;
    e.preventDefault();
  };
  return html`<${Modal} title=${gettext("Jump to a room or a person")} onclose=${onclose} class="switcher" bare=${true}>
    <input ref=${input} type="search" value=${q} placeholder=${gettext("Jump to a room or a person")} aria-label=${gettext("Jump to a room or a person")} role="combobox" aria-expanded="true"
      aria-controls="switcher-list" aria-activedescendant=${targets.length ? `switch-${chosen}` : undefined} autocomplete="off"
      onInput=${(/** @type {any} */ e) => { setQ(e.currentTarget.value); setAt(0); }} onKeyDown=${key} />
    <ul class="pick-list" id="switcher-list" role="listbox" ref=${list} aria-label=${gettext("Rooms and people")}>
      ${targets.map((t, i) => html`<li key=${t.key} id=${`switch-${i}`} role="option" aria-selected=${i === chosen} class=${i === chosen ? "at" : ""}
        onClick=${() => take(t)} onPointerMove=${() => setAt(i)}>${t.sign}<span class="name"><bdi>${t.title}</bdi></span>${t.note}</li>`)}</ul>
    ${targets.length ? null : html`<p class="hint-block">${gettext("Nothing by this name.")}</p>`}</${Modal}>`;
}
