// One room while it is looked at: where to land, which pages of history to ask for, the “New” line, what is marked.
// Decides; the log component scrolls.
import { effect, signal } from "@preact/signals-core";
import { KEEP_IDLE, KEEP_OPEN } from "#klatch/room.js";
/** @typedef {import("#klatch/room.js").Room} Room */
/** @typedef {{kind: "end"|"unread"|"message", position: number}} Aim where the log should scroll to, once */

const PAGE = 40, EDGE_PAUSE_MS = 2000;

export class Visit {
  /** @type {() => void} */
  #stop;

  /**
   * @param {Room} room
   * @param {{request: (op: string, fields: object) => Promise<any>, apply: (frame: any, ask: object) => void,
   *   saw: (room: Room, position: number) => void, seen: () => boolean}} with_
   */
  constructor(room, { request, apply, saw, seen }) {
    this.room = room;
    this.request = request;
    this.apply = apply;
    this.report = saw;
    /** The “New” line stands after this position until the room is left. */
    this.divider = signal(room.unread > 0 ? room.info.value.read : /** @type {number|null} */ (null));
    this.aim = signal(/** @type {Aim|null} */ (null));
    /** Position of the message that a permalink points at. */
    this.marked = signal(/** @type {number|null} */ (null));
    this.loading = signal(/** @type {""|"page"|"older"|"newer"} */ (""));
    this.failed = signal("");
    /** A page at an edge did not come; for a while no other is asked for. */
    this.stuck = false;
    /** After “unread from here” nothing is reported as read until the room is left. */
    this.held = false;
    this.#stop = effect(() => {
      const { read, count } = room.info.value;
      if (count > read && !seen() && (this.divider.peek() === null || read > /** @type {number} */ (this.divider.peek()))) {
        this.divider.value = read;
      }
    });
  }

  leave() {
    this.#stop();
    this.room.keep = KEEP_IDLE;
  }

  /** Shows the message at `position`, or the first unread one, or the end. @param {number|null} position */
  async land(position) {
    const { room } = this;
    this.failed.value = "";
    this.marked.value = position;
    const { messages, end } = room.window.value;
    const has = (/** @type {number} */ p) => messages.some((m) => m.position === p);
    if (position) {
      if (!has(position)) await this.#page({ around: position }, "page");
      this.#aim("message", position);
      return;
    }
    const first = room.info.value.read + 1, unread = room.unread;
    if (unread > PAGE - 8) {
      if (!has(first)) await this.#page({ around: first }, "page");
    } else if (!room.loaded.value || !end) await this.#page({}, "page");
    this.#aim(unread > 0 ? "unread" : "end", first);
  }

  async toEnd() {
    if (!this.room.window.value.end) await this.#page({}, "page");
    this.marked.value = null;
    this.#aim("end", 0);
  }

  async older() {
    const { messages, start } = this.room.window.value;
    if (start || this.stuck || !messages.length) return;
    await this.#page({ before: messages[0].position }, "older");
  }

  async newer() {
    const { messages, end } = this.room.window.value;
    if (end || this.stuck || !messages.length) return;
    await this.#page({ after: messages[messages.length - 1].position }, "newer");
  }

  /** The newest message on screen. @param {number} position @param {boolean} atEnd */
  saw(position, atEnd) {
    this.room.keep = atEnd ? KEEP_OPEN : Infinity;
    if (!this.held) this.report(this.room, position);
  }

  /** @param {number} position of the first message to be unread */
  async unreadFrom(position) {
    this.held = true;
    await this.request("unread", { room: this.room.id, position });
    this.room.readTo(position - 1);
    this.divider.value = position - 1;
  }

  /** @param {Aim["kind"]} kind @param {number} position */
  #aim(kind, position) {
    if (!this.failed.value) this.aim.value = { kind, position };
  }

  /** @param {{before?: number, after?: number, around?: number}} ask @param {"page"|"older"|"newer"} as */
  async #page(ask, as) {
    if (this.loading.value === as) return;
    this.loading.value = as;
    try {
      const page = await this.request("history", { room: this.room.id, ...ask, limit: PAGE });
      this.apply(page, ask);
    } catch (error) {
      const { code, message } = /** @type {{code?: string, message: string}} */ (error);
      if (as === "page") this.failed.value = code === "offline" || code === "timeout" ? code : message;
      else {
        this.stuck = true;
        setTimeout(() => (this.stuck = false), EDGE_PAUSE_MS);
      }
    } finally {
      if (this.loading.value === as) this.loading.value = "";
    }
  }
}
