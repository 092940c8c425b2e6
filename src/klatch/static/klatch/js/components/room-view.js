// One room on the page: head, log, composer, and the panel that stands open on the right.
import { useEffect, useLayoutEffect } from "preact/hooks";
import { client } from "#klatch/client.js";
import { BackArrow } from "#klatch/components/cards.js";
import { Composer } from "#klatch/components/composer.js";
import { RoomSign } from "#klatch/components/face.js";
import { html } from "#klatch/components/html.js";
import { IconButton } from "#klatch/components/icons.js";
import { Log } from "#klatch/components/log.js";
import { Members } from "#klatch/components/members.js";
import { About } from "#klatch/components/about.js";
import { Search } from "#klatch/components/search.js";
import { onlineCount, roomTitle } from "#klatch/format.js";
import { gettext } from "#klatch/i18n.js";
import { membersOpen } from "#klatch/preferences.js";
/** @typedef {import("#klatch/room.js").Room} Room */

/** @param {{room: Room}} props */
export function RoomView({ room }) {
  const { router, socket } = client;
  useLayoutEffect(() => {
    client.enter(room);
    if (innerWidth < 1080 || !membersOpen.value.peek()) {
      if (client.panel.peek() !== "search") client.panel.value = "";
    } else if (!client.panel.peek()) client.panel.value = "members";
  }, [room]);
  const visit = client.visit.value, position = router.route.value.position, arrival = router.visit.value;
  const here = visit?.room === room, online = socket.state.value === "online", loaded = room.loaded.value;
  useEffect(() => {
    if (here) void visit.land(position);
  }, [here, visit, position, arrival]);
  // A reset, or a page that could not be asked for without a line.
  useEffect(() => {
    if (here && online && !visit.loading.peek() && (!loaded || visit.failed.peek() === "offline")) void visit.land(position);
  }, [here, online, loaded]);
  const panel = client.panel.value;
  return html`<main class="main" id="main" tabindex="-1"><${Head} room=${room} />
      ${here ? html`<${Log} key=${room.id} visit=${visit} />` : html`<div class="log-frame" />`}
      ${room.info.value.archived ? html`<p class="closed">${gettext("This room is archived. It can be read, not written.")}</p>` : html`<${Composer} key=${room.id} room=${room} />`}
    </main>
    ${panel === "members" ? html`<${Members} key=${room.id} room=${room} />` : panel === "search" ? html`<${Search} key=${room.id} room=${room} />`
      : panel === "about" ? html`<${About} key=${room.id} room=${room} />` : null}`;
}

/** @param {string} which */
export function togglePanel(which) {
  const open = client.panel.peek() === which;
  if (which === "members" && innerWidth >= 1080) membersOpen.set(!open);
  client.panel.value = open ? "" : which;
}

/** @param {{room: Room}} props */
function Head({ room }) {
  const info = room.info.value, you = client.store.you.value.id, panel = client.panel.value;
  const direct = info.kind === "direct";
  const button = (/** @type {string} */ which, /** @type {string} */ icon, /** @type {string} */ label) => html`<${IconButton} icon=${icon} label=${label}
    aria-pressed=${panel === which} onClick=${() => togglePanel(which)} />`;
  return html`<header class="head"><${BackArrow} />
    <h1><${RoomSign} info=${info} you=${you} /><span dir="auto">${roomTitle(info, you)}</span></h1>
    <p class="about" dir="auto">${info.description}</p>
    ${direct ? null : html`<p class="online">${onlineCount(info.online)}</p>`}
    <div class="acts">${button("search", "search", gettext("Search"))}${button("members", "people", gettext("Members"))}
      ${button("about", "info", gettext("About this room"))}</div></header>`;
}
