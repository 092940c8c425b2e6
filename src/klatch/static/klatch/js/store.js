// All that the client knows: who you are, your rooms, what waits to be sent. `apply` takes any frame of the server.
// No DOM, no network, no storage: the same frames give the same state in a browser and in a test.
import { computed, signal } from "@preact/signals-core";
import { Room } from "#klatch/room.js";
/** @import {Frame, MyRoom, Pending, User} from "#klatch/types.js" */

export class Store {
  /** @param {{you: User, now?: () => number}} options */
  constructor({ you, now = Date.now }) {
    this.now = now;
    this.you = signal(you);
    /** @type {string|null} */
    this.epoch = null;
    this.limits = { body: 10000, frame: 65536 };
    /** Whether a welcome has come: before that an absent room means nothing. */
    this.welcomed = signal(false);
    /** @type {import("@preact/signals-core").Signal<Map<number, Room>>} */
    this.rooms = signal(new Map());
    /** @type {import("@preact/signals-core").Signal<Pending[]>} */
    this.pending = signal([]);
    /** The rooms that were taken away, by slug, so that a page about one can say so. */
    this.lost = signal(/** @type {Map<string, string>} */ (new Map()));
    this.unread = computed(() => [...this.rooms.value.values()].reduce((sum, room) => sum + (room.info.value.archived ? 0 : room.unread), 0));
    /** Asked with the room and its last number when events are missing. @type {(room: number, seq: number) => void} */
    this.ongap = () => {};
    /** Told the client id of each message of yours that is known to be stored. @type {(clientId: string) => void} */
    this.onsettled = () => {};
  }

  /** What a `hello` says to resume. */
  heads() {
    return Object.fromEntries([...this.rooms.value.values()].map((room) => [room.id, room.seq]));
  }

  /** @param {string} slug */
  bySlug(slug) {
    return [...this.rooms.value.values()].find((room) => room.info.value.slug === slug);
  }

  /** @param {Frame} frame @param {{before?: number, after?: number, around?: number}} [ask] of a page of history */
  apply(frame, ask) {
    switch (frame.type) {
      case "welcome":
        return this.#welcome(frame);
      case "room.added":
        return this.#add(frame.room);
      case "room.removed":
        return this.#remove(frame.room);
    }
    const room = this.rooms.value.get(frame.room);
    if (!room) return;
    switch (frame.type) {
      case "reset":
        room.reset(frame.seq);
        // What was acknowledged is in the history that will be asked for.
        this.pending.value = this.pending.value.filter((p) => p.room !== room.id || p.state !== "sent");
        return;
      case "subscribed":
        room.asked = false;
        return;
      case "history":
        room.page(frame, ask);
        this.#settle(frame.messages);
        return;
      case "typing":
        if (frame.user.id !== this.you.value.id) room.types(frame.user, this.now());
        return;
      case "presence":
        return room.presence(frame);
      case "read":
        if (frame.position >= room.reading) room.readTo(frame.position);
        return;
    }
    if (typeof frame.seq !== "number" || !("at" in frame)) return;
    const outcome = room.apply(frame, this.you.value.id);
    if (outcome === "gap" && !room.asked) {
      room.asked = true;
      this.ongap(room.id, room.seq);
    }
    if (frame.type === "message.posted" && outcome !== "gap") this.#settle([frame.message]);
  }

  /** @param {Frame} frame */
  #welcome({ epoch, you, rooms, limits }) {
    this.epoch = epoch;
    this.you.value = you;
    if (limits) this.limits = limits;
    const before = this.rooms.value, after = new Map();
    for (const info of /** @type {MyRoom[]} */ (rooms)) {
      const known = before.get(info.id);
      if (known) known.renew(info);
      after.set(info.id, known ?? new Room(info));
    }
    for (const room of before.values()) if (!after.has(room.id)) this.#lose(room);
    this.rooms.value = after;
    this.welcomed.value = true;
  }

  /** @param {MyRoom} info */
  #add(info) {
    const rooms = new Map(this.rooms.value);
    const known = rooms.get(info.id);
    if (known) known.renew(info);
    else rooms.set(info.id, new Room(info));
    this.rooms.value = rooms;
    if (this.lost.value.has(info.slug)) {
      const lost = new Map(this.lost.value);
      lost.delete(info.slug);
      this.lost.value = lost;
    }
  }

  /** @param {number} id */
  #remove(id) {
    const room = this.rooms.value.get(id);
    if (!room) return;
    const rooms = new Map(this.rooms.value);
    rooms.delete(id);
    this.#lose(room);
    this.rooms.value = rooms;
  }

  /** @param {Room} room */
  #lose(room) {
    const { slug, name } = room.info.value;
    this.lost.value = new Map(this.lost.value).set(slug, name);
    for (const p of this.pending.value) if (p.room === room.id && p.state === "sent") this.drop(p.client_id);
  }

  // --- what waits to be sent -------------------------------------------------------------------

  /** @param {Pending} row */
  add(row) {
    const you = this.you.value.id;
    if (this.rooms.value.get(row.room)?.find(row.client_id, you)) return this.onsettled(row.client_id);
    const others = this.pending.value.filter((p) => p.client_id !== row.client_id);
    this.pending.value = [...others, row].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  }

  /** @param {string} clientId @param {Partial<Pending>} fields */
  mark(clientId, fields) {
    this.pending.value = this.pending.value.map((p) => (p.client_id === clientId ? { ...p, ...fields } : p));
  }

  /** @param {string} clientId */
  drop(clientId) {
    if (this.pending.value.some((p) => p.client_id === clientId)) {
      this.pending.value = this.pending.value.filter((p) => p.client_id !== clientId);
    }
  }

  /** @param {import("#klatch/types.js").Message[]} messages */
  #settle(messages) {
    if (!this.pending.value.length) return;
    const you = this.you.value.id;
    for (const m of messages) {
      if (m.author?.id !== you || !this.pending.value.some((p) => p.client_id === m.client_id)) continue;
      this.drop(m.client_id);
      this.onsettled(m.client_id);
    }
  }

  /** Forgets who stopped typing; called about once a second. */
  tick() {
    for (const room of this.rooms.value.values()) room.expire(this.now());
  }
}
