// The page as a whole: side, room or directory, what lies above; its title.
import { useEffect } from "preact/hooks";
import { client } from "#klatch/client.js";
import { Plain, Stopped, StrangeRoom, TalkSkeleton } from "#klatch/components/cards.js";
import { Dialogs } from "#klatch/components/dialogs.js";
import { Directory } from "#klatch/components/directory.js";
import { html } from "#klatch/components/html.js";
import { RoomView } from "#klatch/components/room-view.js";
import { Sidebar } from "#klatch/components/sidebar.js";
import { Line, Toast } from "#klatch/components/signs.js";
import { roomTitle } from "#klatch/format.js";
import { membersOpen, narrow } from "#klatch/preferences.js";

export function App() {
  const { store, router, socket } = client;
  const { slug, browse } = router.route.value, stopped = socket.state.value === "stopped";
  const room = slug ? store.bySlug(slug) : undefined;
  const waiting = !!slug && !store.welcomed.value;
  const panel = room ? client.panel.value : waiting && membersOpen.value.value && innerWidth > 1080 ? "ghost" : "";
  const unread = store.unread.value, title = room ? roomTitle(room.info.value, store.you.value.id) : slug;
  useEffect(() => {
    document.title = `${unread ? `(${unread}) ` : ""}${title ? `${title} · ` : ""}${client.config.place}`;
  }, [unread, title]);
  // On a phone the list is a page of its own, and the directory beside it is not shown.
  const home = narrow.value && !slug && !browse;
  return html`<div role=${home ? "main" : undefined} id=${home ? "main" : undefined} class=${`app ${slug || browse ? "in-room" : ""} ${panel ? "with-panel" : ""}`}>
    ${home ? html`<h1 class="unseen">${client.config.place}</h1>` : null}
    <${Sidebar} />
    ${stopped ? html`<${Plain} title=${client.config.place}><${Stopped} code=${socket.code.value} /></${Plain}>`
      : room ? html`<${RoomView} key=${room.id} room=${room} />`
      : home ? null : !slug ? html`<${Directory} />`
      : waiting ? html`<${Ghost} panel=${panel} />` : html`<${StrangeRoom} key=${slug} slug=${slug} />`}
    <${Line} /><${Toast} /><${Dialogs} /></div>`;
}

/** The room's shape before the first welcome, so that nothing moves when it comes. @param {{panel: string}} props */
function Ghost({ panel }) {
  return html`<main class="main" id="main" tabindex="-1" aria-busy="true"><div class="head" /><div class="log-frame"><div class="log"><${TalkSkeleton} /></div></div>
      <div class="compose"><p class="typing" /><div class="composer ghost" /></div></main>
    ${panel ? html`<aside class="panel" aria-hidden="true"><div class="panel-head" /></aside>` : null}`;
}
