// The panel of search: in this room or everywhere, newest first, each result a permalink.
import { useEffect, useRef, useState } from "preact/hooks";
import { client, failureText } from "#klatch/client.js";
import { PanelFrame, RowSkeleton } from "#klatch/components/cards.js";
import { Face, RoomSign } from "#klatch/components/face.js";
import { html } from "#klatch/components/html.js";
import { fullTime, personName, roomTitle, shortDate } from "#klatch/format.js";
import { gettext } from "#klatch/i18n.js";
/** @import {Message, MyRoom} from "#klatch/types.js" */
/** @typedef {{message: Message, room: MyRoom}} Result */

const PAUSE_MS = 250;

/** @param {{room: import("#klatch/room.js").Room}} props */
export function Search({ room }) {
  const [q, setQ] = useState(""), [everywhere, setEverywhere] = useState(false);
  const [found, setFound] = useState(/** @type {{results: Result[], next: number|null}|null} */ (null));
  const [error, setError] = useState(""), [busy, setBusy] = useState(false);
  const input = useRef(/** @type {any} */ (null)), turn = useRef(0);
  useEffect(() => input.current?.focus(), []);
  /** @param {number|null} before */
  const ask = async (before) => {
    const mine = ++turn.current;
    setBusy(true);
    try {
      const page = await client.request("search", { q: q.trim(), room: everywhere ? null : room.id, before });
      if (mine !== turn.current) return;
      setError("");
      setFound(before && found ? { results: [...found.results, ...page.results], next: page.next } : /** @type {any} */ (page));
    } catch (e) {
      if (mine === turn.current) setError(failureText(/** @type {any} */ (e)));
    }
    if (mine === turn.current) setBusy(false);
  };
  useEffect(() => {
    turn.current++;
    if (!q.trim()) {
      setFound(null);
      setError("");
      setBusy(false);
      return;
    }
    const timer = setTimeout(() => void ask(null), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [q, everywhere]);
  const close = () => (client.panel.value = "");
  const scope = (/** @type {boolean} */ all, /** @type {string} */ words) => html`<button type="button" aria-pressed=${everywhere === all} onClick=${() => setEverywhere(all)}>${words}</button>`;
  return html`<${PanelFrame} title=${gettext("Search")} onclose=${close}>
    <input ref=${input} type="search" value=${q} placeholder=${gettext("Words, in any language")} aria-label=${gettext("Search messages")}
      onInput=${(/** @type {any} */ e) => setQ(e.currentTarget.value)} />
    <div class="segments" role="group" aria-label=${gettext("Where to search")}>${scope(false, gettext("This room"))}${scope(true, gettext("Everywhere"))}</div>
    <div aria-live="polite">
      ${error ? html`<p class="error">${error}</p>` : !q.trim() ? html`<p class="hint-block">${gettext("Finds whole messages by their words. Put a phrase in quotes.")}</p>`
        : busy && !found ? html`<${RowSkeleton} />` : found && !found.results.length ? html`<p class="hint-block">${gettext("Nothing found. Try fewer words, or search everywhere.")}</p>`
        : html`<ul class="results">${found?.results.map((r) => html`<${ResultRow} key=${r.message.id} result=${r} named=${everywhere} />`)}</ul>
          ${found?.next ? html`<button type="button" class="button quiet small wide" disabled=${busy} onClick=${() => ask(found.next)}>${gettext("Older results")}</button>` : null}`}
    </div></${PanelFrame}>`;
}

/** @param {{result: Result, named: boolean}} props */
function ResultRow({ result: { message, room }, named }) {
  const you = client.store.you.value.id, mine = client.store.rooms.peek().get(room.id)?.info.value ?? room;
  const follow = () => {
    if (innerWidth < 1080) client.panel.value = "";
  };
  return html`<li><a class="result" href=${client.router.href(room.slug, message.position)} onClick=${follow}>
    <span class="result-head"><${Face} user=${message.author} /><b dir="auto">${personName(message.author)}</b><time datetime=${message.at} title=${fullTime(message.at)}>${shortDate(message.at)}</time></span>
    ${named ? html`<span class="result-room"><${RoomSign} info=${mine} you=${you} />${roomTitle(mine, you)}</span>` : null}
    <span class="result-text" dir="auto">${message.body.replace(/\s+/g, " ").slice(0, 220)}</span></a></li>`;
}
