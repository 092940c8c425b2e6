// Where the log stands: follows its end, keeps the row that is being read in its place, loads more at the edges.
import { signal } from "@preact/signals-core";
/** @import {Aim} from "#klatch/visit.js" */

const END_PX = 48, LOAD_PX = 900;

export class LogScroll {
  /** @type {HTMLElement|null} */
  #box = null;
  /** The first row in sight and how far below the upper edge it was. @type {{el: Element, top: number}|null} */
  #anchor = null;
  #following = true;
  /** Where the box stood when it was last looked at. */
  #stood = 0;
  /** @type {Aim|null} */
  #done = null;

  /** @param {import("#klatch/visit.js").Visit} visit */
  constructor(visit) {
    this.visit = visit;
    /** Whether the newest message is in sight. */
    this.atEnd = signal(true);
  }

  /** @param {HTMLElement} box */
  attach(box) {
    this.#box = box;
    const moved = () => this.#moved();
    box.addEventListener("scroll", moved, { passive: true });
    // Pictures that load, a composer that grows, a phone's keyboard: all change what is in sight.
    const sizes = new ResizeObserver(() => this.#hold());
    sizes.observe(box);
    if (box.firstElementChild) sizes.observe(box.firstElementChild);
    return () => {
      box.removeEventListener("scroll", moved);
      sizes.disconnect();
    };
  }

  /** After every change of the rows. @param {Aim|null} aim */
  settle(aim) {
    const box = this.#box;
    if (!box) return;
    if (aim && aim !== this.#done && this.#reach(aim)) {
      this.#done = aim;
      this.#moved();
      return;
    }
    this.#hold();
  }

  /** @param {Aim} aim @returns {boolean} whether it could be reached */
  #reach({ kind, position }) {
    const box = /** @type {HTMLElement} */ (this.#box);
    if (kind === "end") {
      this.#following = true;
      box.scrollTop = box.scrollHeight;
      return true;
    }
    const row = box.querySelector(`article[data-position="${position}"]`) ??
      [...box.querySelectorAll("article[data-position]")].find((el) => Number(/** @type {HTMLElement} */ (el).dataset.position) >= position);
    if (!row) return false;
    const at = row.getBoundingClientRect(), frame = box.getBoundingClientRect();
    const above = kind === "message" ? Math.max(60, (frame.height - at.height) / 2) : Math.min(160, frame.height / 4);
    this.#following = false;
    box.scrollTop += at.top - frame.top - above;
    this.#following = this.#distance() < 2 && this.visit.room.window.peek().end && kind === "unread";
    return true;
  }

  #distance() {
    const box = /** @type {HTMLElement} */ (this.#box);
    return box.scrollHeight - box.scrollTop - box.clientHeight;
  }

  /** Keeps the end at the end, or the row that was read where it was. */
  #hold() {
    const box = this.#box;
    if (!box) return;
    if (this.#following && box.scrollTop < this.#stood - 1 && this.#distance() >= END_PX) {
      // The reader has left the end, and the browser has not said so yet: what comes in that moment must not undo it.
      this.#following = false;
    } else if (this.#following && this.visit.room.window.peek().end) box.scrollTop = box.scrollHeight;
    else if (this.#anchor?.el.isConnected) {
      const moved = this.#anchor.el.getBoundingClientRect().top - box.getBoundingClientRect().top - this.#anchor.top;
      if (Math.abs(moved) > 0.5) box.scrollTop += moved;
    }
    this.#look();
  }

  #moved() {
    this.#following = this.#distance() < END_PX;
    this.#look();
    this.report();
  }

  #look() {
    const box = /** @type {HTMLElement} */ (this.#box), { visit } = this;
    const frame = box.getBoundingClientRect();
    this.#stood = box.scrollTop;
    this.#anchor = null;
    for (const el of box.querySelectorAll("article, .day, .notices")) {
      const at = el.getBoundingClientRect();
      if (at.bottom > frame.top + 1) {
        this.#anchor = { el, top: at.top - frame.top };
        break;
      }
    }
    const { end, start, messages } = visit.room.window.peek();
    this.atEnd.value = end && this.#distance() < END_PX;
    if (!messages.length || !this.#done) return;
    if (!start && box.scrollTop < LOAD_PX && !visit.failed.peek()) queueMicrotask(() => visit.older());
    if (!end && this.#distance() < LOAD_PX && !visit.failed.peek()) queueMicrotask(() => visit.newer());
  }

  /** Tells the visit the newest message whose end is in sight. */
  report() {
    const box = this.#box;
    if (!box || !this.#done) return;
    const bottom = box.getBoundingClientRect().bottom + 4;
    const rows = /** @type {HTMLElement[]} */ ([...box.querySelectorAll("article[data-position]")]);
    const seen = rows.findLast((el) => el.getBoundingClientRect().bottom <= bottom);
    if (seen) this.visit.saw(Number(seen.dataset.position), this.atEnd.peek());
  }
}
