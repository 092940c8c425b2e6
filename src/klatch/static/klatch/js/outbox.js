// What was written and is not yet stored by the server: survives reloads and bad lines, is sent once and in order.
// Each message is its own key in the storage, so that two tabs never overwrite each other; a lock lets one tab send at
// a time. Even without locks nothing is doubled: the server stores one message per client id.
import { RequestError } from "#klatch/socket.js";
/** @import {Frame, Pending, Quote} from "#klatch/types.js" */

const RETRY = new Set(["rate_limited", "unavailable", "internal", "timeout"]);

/** A random UUID, also on plain http, where `crypto.randomUUID` is missing. @returns {string} */
export function uuid() {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const hex = [...b].map((n) => n.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * What to do after a failed attempt: wait so many milliseconds and try again, wait for the line, or give up.
 * @param {{code: string, retryAfter?: number}} error @param {number} attempt from 0
 * @returns {{again: number} | "offline" | "failed"}
 */
export function afterFailure(error, attempt) {
  if (error.code === "offline") return "offline";
  if (!RETRY.has(error.code)) return "failed";
  if (error.retryAfter) return { again: Math.ceil(error.retryAfter * 1000) + 50 };
  return { again: Math.min(30000, 1000 * 2 ** attempt) };
}

export class Outbox {
  /** @type {Promise<void>|null} */
  #running = null;
  #again = false;
  #last = 0;
  /** Rows that the storage refused. @type {Map<string, Pending>} */
  #unsaved = new Map();

  /**
   * @param {{
   *   storage: Storage, user: number, store: import("#klatch/store.js").Store,
   *   request: (op: string, fields: object) => Promise<Frame>,
   *   lock?: (name: string, work: () => Promise<void>) => Promise<void>, wait?: (ms: number) => Promise<void>,
   * }} options
   */
  constructor({ storage, user, store, request, lock, wait }) {
    this.storage = storage;
    this.prefix = `klatch.outbox.${user}.`;
    this.store = store;
    this.request = request;
    this.lock = lock ?? ((_name, work) => work());
    this.wait = wait ?? ((ms) => new Promise((done) => setTimeout(done, ms)));
    store.onsettled = (clientId) => this.#forget(clientId);
  }

  /** Shows what an earlier page left behind. */
  restore() {
    for (const row of this.#stored()) this.store.add(row);
  }

  /** @param {number} room @param {string} body @param {Quote|null} reply_to @returns {string} the client id */
  write(room, body, reply_to = null) {
    this.#last = Math.max(this.store.now(), this.#last + 1);
    const at = new Date(this.#last).toISOString();
    const row = { client_id: uuid(), room, body, reply_to, at, state: /** @type {const} */ ("waiting") };
    this.#keep(row);
    this.store.add(row);
    void this.drain();
    return row.client_id;
  }

  /** @param {string} clientId */
  retry(clientId) {
    const row = this.#read(this.prefix + clientId);
    if (!row) return;
    const again = { ...row, state: /** @type {const} */ ("waiting"), code: undefined, detail: undefined };
    this.#keep(again);
    this.store.add(again);
    void this.drain();
  }

  /** @param {string} clientId */
  discard(clientId) {
    this.#forget(clientId);
    this.store.drop(clientId);
  }

  /** Another tab wrote or settled something. @param {StorageEvent} event */
  changed(event) {
    if (!event.key?.startsWith(this.prefix)) return;
    const clientId = event.key.slice(this.prefix.length);
    if (event.newValue) {
      const row = this.#read(event.key);
      if (row) this.store.add(row);
    } else if (this.store.pending.value.find((p) => p.client_id === clientId)?.state === "failed") {
      this.store.drop(clientId);
    } else {
      // The other tab has its acknowledgement; the row stays until the message itself comes.
      this.store.mark(clientId, { state: "sent" });
    }
  }

  /** Sends everything that waits, oldest first. Safe to call at any time; resolves when nothing more can be sent now. */
  drain() {
    this.#again = true;
    this.#running ??= this.#drain().finally(() => (this.#running = null));
    return this.#running;
  }

  async #drain() {
    while (this.#again) {
      this.#again = false;
      await this.lock(`${this.prefix}sender`, () => this.#sendAll());
    }
  }

  async #sendAll() {
    for (let attempt = 0; ; ) {
      const row = this.#stored().find((r) => r.state === "waiting");
      if (!row) return;
      try {
        const { client_id, room, body, reply_to } = row;
        await this.request("post", { room, client_id, body, reply_to: reply_to?.id ?? null });
        attempt = 0;
        // Acknowledged means stored: the row on screen waits for the event, the storage need not.
        this.#forget(row.client_id);
        this.store.mark(row.client_id, { state: "sent" });
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        const next = afterFailure(error, attempt++);
        if (next === "offline") return;
        if (next === "failed") {
          attempt = 0;
          const failed = { ...row, state: /** @type {const} */ ("failed"), code: error.code, detail: error.message };
          this.#keep(failed);
          this.store.mark(row.client_id, failed);
        } else await this.wait(next.again);
      }
    }
  }

  /** @returns {Pending[]} */
  #stored() {
    const rows = [];
    for (let i = 0; i < this.storage.length; i++) {
      const key = this.storage.key(i);
      const row = key?.startsWith(this.prefix) && this.#read(key);
      if (row) rows.push(row);
    }
    return [...rows, ...this.#unsaved.values()].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  }

  /** @param {string} key @returns {Pending|null} */
  #read(key) {
    const unsaved = this.#unsaved.get(key);
    if (unsaved) return unsaved;
    try {
      const row = JSON.parse(this.storage.getItem(key) ?? "null");
      return row && row.client_id && row.room ? row : null;
    } catch {
      return null;
    }
  }

  /** @param {Pending} row */
  #keep(row) {
    try {
      this.storage.setItem(this.prefix + row.client_id, JSON.stringify(row));
      this.#unsaved.delete(this.prefix + row.client_id);
    } catch {
      // The storage is full or forbidden: it is still sent, it only does not survive a reload.
      this.#unsaved.set(this.prefix + row.client_id, row);
    }
  }

  /** @param {string} clientId */
  #forget(clientId) {
    this.#unsaved.delete(this.prefix + clientId);
    this.storage.removeItem(this.prefix + clientId);
  }
}
