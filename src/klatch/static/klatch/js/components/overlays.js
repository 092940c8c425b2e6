// Things that lie over the page: dialogs and popovers, with the browser's own focus, Escape and return of focus.
import { useLayoutEffect, useRef } from "preact/hooks";
import { client } from "#klatch/client.js";
import { html } from "#klatch/components/html.js";
import { Icon as IconOf, IconButton } from "#klatch/components/icons.js";
import { touch } from "#klatch/components/textarea.js";
import { gettext } from "#klatch/i18n.js";

/** @param {{title: string, onclose: () => void, children?: any, class?: string, bare?: boolean}} props */
export function Modal({ title, onclose, children, class: extra = "", bare = false }) {
  const ref = useRef(/** @type {HTMLDialogElement|null} */ (null));
  // Before the effects of what is inside, which may move the focus.
  useLayoutEffect(() => {
    const el = ref.current, before = document.activeElement, page = location.href;
    el?.showModal();
    return () => {
      // Until it is closed all else is inert and takes no focus.
      el?.close();
      if (location.href !== page && !touch()) client.focusComposer();
      else if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  // Escape: through the state like every other way out, so that the next key finds no dialog that is half closed.
  const cancel = (/** @type {Event} */ e) => {
    e.preventDefault();
    onclose();
  };
  // A click on the ground beside the dialog has the dialog itself as its target.
  const ground = (/** @type {MouseEvent} */ e) => e.target === ref.current && onclose();
  return html`<dialog ref=${ref} class=${`modal ${extra}`} aria-label=${title} onCancel=${cancel} onClose=${onclose} onMouseDown=${ground}>
    <div class="modal-in">
      ${bare ? null : html`<div class="modal-head"><h2>${title}</h2><${IconButton} icon="close" label=${gettext("Close")} onClick=${onclose} /></div>`}
      ${children}
    </div></dialog>`;
}

/** A small layer beside the element that opened it. @param {{anchor: Element|null, onclose: () => void, label: string, role?: string, children?: any, class?: string}} props */
export function Popover({ anchor, onclose, label, role = "dialog", children, class: extra = "" }) {
  const ref = useRef(/** @type {any} */ (null));
  useLayoutEffect(() => {
    const el = ref.current;
    el.showPopover?.();
    place(el, anchor);
    const first = el.querySelector("[autofocus], button, [role=menuitem]");
    first?.focus({ preventScroll: true });
    const closed = (/** @type {any} */ e) => e.newState === "closed" && onclose();
    el.addEventListener("toggle", closed);
    return () => {
      el.removeEventListener("toggle", closed);
      const held = el.contains(document.activeElement);
      el.hidePopover?.();
      if (held && anchor instanceof HTMLElement && anchor.isConnected) anchor.focus({ preventScroll: true });
    };
  }, []);
  return html`<div ref=${ref} popover="auto" class=${`popover ${extra}`} role=${role} aria-label=${label}
    onKeyDown=${(/** @type {KeyboardEvent} */ e) => arrows(e, ref.current)}>${children}</div>`;
}

/** Below the anchor or, where there is no room, above it; never outside the page. @param {HTMLElement} el @param {Element|null} anchor */
function place(el, anchor) {
  if (!anchor) return;
  const at = anchor.getBoundingClientRect(), size = el.getBoundingClientRect(), gap = 6, edge = 8;
  const below = at.bottom + gap + size.height <= innerHeight - edge;
  const top = below ? at.bottom + gap : Math.max(edge, at.top - gap - size.height);
  const rtl = getComputedStyle(el).direction === "rtl";
  const start = at.left + size.width > innerWidth - edge || (rtl && at.right - size.width >= edge) ? at.right - size.width : at.left;
  el.style.top = `${top}px`;
  el.style.left = `${Math.min(Math.max(edge, start), innerWidth - size.width - edge)}px`;
}

/** Arrow keys walk through the buttons, in a grid by rows too. @param {KeyboardEvent} e @param {HTMLElement} el */
function arrows(e, el) {
  const wide = Number(el.dataset.columns ?? el.querySelector("[data-columns]")?.getAttribute("data-columns") ?? 1);
  const step = { ArrowDown: wide, ArrowUp: -wide, ArrowRight: 1, ArrowLeft: -1 }[e.key];
  if (!step) return;
  const buttons = /** @type {HTMLElement[]} */ ([...el.querySelectorAll("button:not(:disabled), a[href]")]);
  const at = buttons.indexOf(/** @type {any} */ (document.activeElement));
  buttons[Math.min(buttons.length - 1, Math.max(0, at + step))]?.focus();
  e.preventDefault();
}

/**
 * @param {{anchor: Element|null, onclose: () => void, label: string,
 *   items: ({icon: string, label: string, act: () => void, danger?: boolean, href?: string}|null|false)[]}} props
 */
export function Menu({ anchor, onclose, label, items }) {
  return html`<${Popover} anchor=${anchor} onclose=${onclose} label=${label} role="menu" class="menu">
    ${items.map((item) => item && html`<${MenuItem} ...${item} onclose=${onclose} />`)}</${Popover}>`;
}

/** @param {any} props */
function MenuItem({ icon, label, act, href, danger, onclose }) {
  const inside = html`<${IconOf} name=${icon} /><span>${label}</span>`;
  if (href) return html`<a class="menu-item" role="menuitem" href=${href}>${inside}</a>`;
  return html`<button type="button" role="menuitem" class=${`menu-item ${danger ? "danger" : ""}`}
    onClick=${(/** @type {any} */ e) => {
      // At once, not at the next drawing: what `act` opens must find the focus where it shall return to.
      e.currentTarget.closest("[popover]").hidePopover?.();
      onclose();
      act();
    }}>${inside}</button>`;
}
