// The conversation: scrolls without jumping, loads the past and the future at its edges, reports what was on screen.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { client } from "#klatch/client.js";
import { TalkSkeleton } from "#klatch/components/cards.js";
import { html } from "#klatch/components/html.js";
import { Icon } from "#klatch/components/icons.js";
import { MessageRow, PendingRow } from "#klatch/components/row.js";
import { LogScroll } from "#klatch/components/scroll.js";
import { count, day, noticePhrases, roomTitle } from "#klatch/format.js";
import { fill, gettext, ngettext } from "#klatch/i18n.js";
import { timeline } from "#klatch/timeline.js";
/** @import {Row} from "#klatch/timeline.js" */
/** @typedef {import("#klatch/visit.js").Visit} Visit */

/** @param {{visit: Visit}} props */
export function Log({ visit }) {
  const { room } = visit, { store, editing, socket, network, reader } = client;
  const you = store.you.value.id;
  const box = useRef(/** @type {any} */ (null));
  const [scroll] = useState(() => new LogScroll(visit));
  const [hot, setHot] = useState("");
  const [current, setCurrent] = useState("");
  const window = room.window.value, direct = room.info.value.kind === "direct", all = store.pending.value, divider = visit.divider.value;
  const rows = useMemo(() => timeline(direct ? { ...window, notices: [] } : window, all.filter((p) => p.room === room.id), divider, you), [window, all, divider, you, direct]);
  const aim = visit.aim.value, atEnd = scroll.atEnd.value, loading = visit.loading.value, failed = visit.failed.value;
  const offline = socket.state.value !== "online" || !network.value;

  useLayoutEffect(() => scroll.attach(box.current), []);
  useLayoutEffect(() => scroll.settle(aim), [rows, aim, loading]);
  // The page may be looked at again without any scrolling.
  useEffect(() => {
    const look = () => scroll.report();
    addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  useEffect(() => {
    if (reader.seen()) scroll.report();
  }, [rows, offline]);

  const last = rows.findLast((r) => r.kind === "message");
  const tabbable = rows.some((r) => r.key === current) ? current : last?.key;
  const over = (/** @type {Event} */ e) => {
    const key = keyOf(e.target);
    if (key && key !== hot) setHot(key);
  };
  // A finger focuses the row before it clicks: what counts is whether the tools were there when it came down.
  const before = useRef("");
  const tap = (/** @type {PointerEvent} */ e) => {
    if (e.pointerType !== "touch" || !(e.target instanceof Element) || e.target.closest("a, button, textarea")) return;
    const key = keyOf(e.target);
    setHot(key === before.current ? "" : key);
  };
  const focus = (/** @type {Event} */ e) => {
    const key = keyOf(e.target);
    if (key) {
      setCurrent(key);
      setHot(key);
    }
  };
  return html`<div class="log-frame">
    <div class="log" ref=${box} role="log" aria-live=${loading ? "off" : "polite"} aria-relevant="additions" aria-label=${gettext("Messages")} aria-busy=${!!loading}
        onPointerOver=${(/** @type {PointerEvent} */ e) => e.pointerType !== "touch" && over(e)} onPointerDown=${() => (before.current = hot)} onPointerLeave=${(/** @type {PointerEvent} */ e) => e.pointerType !== "touch" && setHot("")}
        onClick=${tap} onFocusIn=${focus} onKeyDown=${(/** @type {KeyboardEvent} */ e) => walk(e, box.current)}>
      <div class="log-in">
        ${loading === "page" && !rows.length ? html`<${TalkSkeleton} />` : null}
        ${window.start && room.loaded.value ? html`<${Beginning} room=${room} you=${you} empty=${!rows.some((r) => r.kind !== "notices" && r.kind !== "day")} />` : null}
        ${!window.start && rows.length ? html`<div class="edge" aria-hidden="true">${loading === "older" ? html`<i class="spinner" />` : null}</div>` : null}
        ${rows.map((row) => draw(row, { visit, hot, current: tabbable ?? "", editing: editing.value, offline }))}
        ${!window.end && rows.length ? html`<div class="edge" aria-hidden="true">${loading === "newer" ? html`<i class="spinner" />` : null}</div>` : null}
        ${failed && failed !== "offline" ? html`<div class="log-failed"><p>${failed === "timeout" ? gettext("The server did not answer.") : failed}</p>
          <button type="button" class="button quiet small" onClick=${() => visit.land(null)}>${gettext("Try again")}</button></div>` : null}
      </div>
    </div>
    ${atEnd || !rows.length ? null : html`<button type="button" class="to-end" onClick=${() => visit.toEnd()}>
      <${Icon} name="down" />${room.unread ? html`<span>${fill(ngettext("%(n)s new", "%(n)s new", room.unread), { n: count(room.unread) })}</span>` : html`<span class="unseen">${gettext("Jump to the newest message")}</span>`}</button>`}
  </div>`;
}

/** @param {Row} row @param {{visit: Visit, hot: string, current: string, editing: number|null, offline: boolean}} at */
function draw(row, { visit, hot, current, editing, offline }) {
  switch (row.kind) {
    case "day":
      return html`<div class="day" key=${row.key} role="separator"><span>${day(row.at)}</span></div>`;
    case "new":
      return html`<div class="day new" key="new" role="separator"><span>${gettext("New")}</span></div>`;
    case "notices":
      return html`<p class="notices" key=${row.key}>${noticePhrases(row.notices).join(" · ")}</p>`;
    case "message":
      return html`<${MessageRow} key=${row.key} message=${row.message} first=${row.first} room=${visit.room} hot=${hot === row.key}
        current=${current === row.key} marked=${visit.marked.value === row.message.position} editing=${editing === row.message.id} />`;
    case "pending":
      return html`<${PendingRow} key=${`pending-${row.key}`} pending=${row.pending} first=${row.first} offline=${offline} />`;
  }
}

/** @param {{room: import("#klatch/room.js").Room, you: number, empty: boolean}} props */
function Beginning({ room, you, empty }) {
  const info = room.info.value, title = roomTitle(info, you), { invite } = client.config.links;
  const words = info.kind === "direct"
    ? fill(gettext("Only you and %(names)s read this."), { names: title })
    : info.kind === "private" ? gettext("A private room: only its members find and read it.") : gettext("An open room: everybody here can join and read it.");
  return html`<div class=${`beginning ${empty ? "alone" : ""}`}>
    <h2 dir="auto">${info.kind === "direct" ? title : fill(gettext("This is the beginning of #%(name)s"), { name: title })}</h2>
    <p class="soft">${words}${empty && !info.archived ? ` ${gettext("Say the first word.")}` : ""}</p>
    ${empty && info.kind !== "direct" && invite ? html`<a class="button quiet" href=${invite}><${Icon} name="invite" />${gettext("Invite people")}</a>` : null}</div>`;
}

/** @param {EventTarget|null} target @returns {string} */
const keyOf = (target) => (target instanceof Element && /** @type {HTMLElement|null} */ (target.closest("article"))?.dataset.key) || "";

/** Arrow keys walk through the messages; Enter goes to the tools of one, Escape back. @param {KeyboardEvent} e @param {HTMLElement} box */
function walk(e, box) {
  if (!(e.target instanceof HTMLElement) || e.target.closest("textarea") || e.target.closest("[popover]")) return;
  const article = /** @type {HTMLElement|null} */ (e.target.closest("article"));
  if (!article) return;
  if (e.target !== article) {
    if (e.key !== "Escape") return;
    article.focus();
    return e.preventDefault();
  }
  const all = /** @type {HTMLElement[]} */ ([...box.querySelectorAll("article[tabindex]")]);
  const at = all.indexOf(article);
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[e.key];
  if (to !== undefined) {
    all[to]?.focus();
    e.preventDefault();
  } else if (e.key === "Enter") {
    /** @type {HTMLElement|null} */ (article.querySelector(".tools button, .text a[href]"))?.focus();
    e.preventDefault();
  } else if (e.key === "Escape") {
    client.focusComposer();
    e.preventDefault();
  }
}
