// One room as this client knows it: applies the room's numbered events in order, each once. Plain state in signals;
// no DOM, no network but the `request` it is handed. What it cannot do alone (a gap) `apply` says by its value.
import { signal } from "@preact/signals-core";
import { EMPTY, trimmed, withMessage, withNotice, withPage, withReaction, withoutQuotes } from "#klatch/window.js";
/** @import {Frame, Member, Message, MyRoom, Notice, User} from "#klatch/types.js" */

/** Numbered events kept to be laid over a page of history that was read before they happened. */
const RECENT = 500;
/** Messages kept in a room that nobody looks at, and in the one that is open and followed at its end. */
export const KEEP_IDLE = 120, KEEP_OPEN = 400;
export const TYPING_MS = 6000;
/** Members kept at most: the panel shows no more. */
const MEMBERS = 2000;

export class Room {
  /** @param {MyRoom} info */
  constructor(info) {
    this.id = info.id;
    /** Number of the last event that was applied. `info.seq` may be ahead of it after a welcome. */
    this.seq = info.seq;
    this.info = signal(info);
    this.window = signal(EMPTY);
    /** Whether the window shows anything that was ever loaded; false again after a reset. */
    this.loaded = signal(false);
    /** @type {import("@preact/signals-core").Signal<Map<number, {user: User, until: number}>>} */
    this.typing = signal(new Map());
    /** @type {import("@preact/signals-core").Signal<Map<number, Member>|null>} everybody, once asked for */
    this.members = signal(null);
    /** @type {Frame[]|null} what was told of members while their pages are on the way */
    this.late = null;
    /** A gap was reported and not yet closed. */
    this.asked = false;
    /** Messages to keep at most; whoever reads the room's past sets this to Infinity. */
    this.keep = KEEP_IDLE;
    /** Position up to which a `read` of ours is on its way; an older echo must not undo it. */
    this.reading = 0;
    /** @type {Frame[]} */
    this.recent = [];
  }

  get unread() {
    const { count, read } = this.info.value;
    return Math.max(0, count - read);
  }

  /** The room as the server describes it anew. @param {MyRoom} info */
  renew(info) {
    this.info.value = info;
    this.asked = false;
    // Who came and went meanwhile was not told.
    const { on } = info, members = this.members.value;
    if (members) this.members.value = on && new Map([...members].map(([id, m]) => [id, { ...m, online: on.includes(id) }]));
  }

  /**
   * @param {Frame} event @param {number} you
   * @returns {"applied"|"old"|"gap"}
   */
  apply(event, you) {
    if (event.seq <= this.seq) return "old";
    if (event.seq > this.seq + 1) return "gap";
    this.seq = event.seq;
    this.recent.push(event);
    if (this.recent.length > RECENT) this.recent.shift();
    if (event.seq > this.info.value.seq) this.#count(event, you);
    this.#show(event);
    if (event.type === "message.posted" && event.message.author) this.#typed(event.message.author.id);
    if (event.type.startsWith("member.")) this.#member(event);
    this.window.value = trimmed(this.window.value, this.keep);
    return "applied";
  }

  /** What changes in the description of the room. @param {Frame} event @param {number} you */
  #count(event, you) {
    const info = { ...this.info.value, seq: event.seq };
    switch (event.type) {
      case "message.posted": {
        info.count = Math.max(info.count, event.message.position);
        info.at = event.at ?? event.message.at;
        if (event.message.author?.id === you) info.read = Math.max(info.read, event.message.position);
        break;
      }
      case "member.joined":
        info.members += 1;
        break;
      case "member.left":
        info.members = Math.max(0, info.members - 1);
        if (info.on) info.on = info.on.filter((id) => id !== event.user.id);
        break;
      case "member.changed":
        if (event.user.id === you) info.role = event.role;
        break;
      case "room.changed": {
        const { name, description, archived, slug, kind } = event.info;
        Object.assign(info, { name, description, archived, slug, kind });
        break;
      }
    }
    this.info.value = info;
  }

  /** What changes in the conversation. @param {Frame} event */
  #show(event) {
    const window = this.window.value;
    switch (event.type) {
      case "message.posted":
      case "message.edited":
        this.window.value = withMessage(window, event.message);
        break;
      case "message.deleted":
        this.window.value = withoutQuotes(withMessage(window, event.message), event.message.id);
        break;
      case "reaction.added":
      case "reaction.removed":
        this.window.value = withReaction(
          window, event.seq, event.message_id, event.emoji, event.user_id, event.type === "reaction.added");
        break;
      case "member.joined":
      case "member.left":
      case "member.changed":
      case "room.changed":
        this.window.value = withNotice(window, /** @type {Notice} */ (event));
        break;
    }
  }

  /**
   * Everybody of the room, page by page. A page may be older than what was told before it came, so that is told again.
   * @param {(op: string, data: object) => Promise<Frame>} request
   */
  async loadMembers(request) {
    if (this.members.peek() || this.late) return;
    const late = /** @type {Frame[]} */ ([]);
    this.late = late;
    /** @type {Map<number, Member>} */
    const members = new Map();
    try {
      let after = null;
      do {
        /** @type {Frame} */
        const page = await request("members", after === null ? { room: this.id } : { room: this.id, after });
        for (const member of page.members) members.set(member.user.id, member);
        after = page.next;
      } while (after !== null && members.size < MEMBERS);
      // After a reset these are of another life of the room.
      if (this.late === late) this.members.value = members;
    } finally {
      if (this.late === late) this.late = null;
    }
    if (this.members.value !== members) return;
    for (const frame of late) {
      if (frame.type === "presence") this.#online(frame);
      else this.#member(frame);
    }
  }

  /** @param {Frame} event */
  #member(event) {
    this.late?.push(event);
    if (!this.members.value) return;
    const members = new Map(this.members.value);
    if (event.type === "member.left") members.delete(event.user.id);
    else {
      const online = members.get(event.user.id)?.online ?? this.info.value.on?.includes(event.user.id) ?? false;
      members.set(event.user.id, { user: event.user, role: event.role, online });
    }
    this.members.value = members;
  }

  /**
   * A page of history. Events that happened after it was read are laid over it.
   * @param {Frame} page @param {{before?: number, after?: number, around?: number}} [ask]
   */
  page(page, ask) {
    this.window.value = withPage(this.window.value, page, ask);
    for (const event of this.recent) if (event.seq > page.seq) this.#show(event);
    this.loaded.value = true;
    const { messages, end } = this.window.value;
    const last = messages[messages.length - 1];
    if (end && last && last.position > this.info.value.count) this.info.value = { ...this.info.value, count: last.position };
  }

  /** Throws away what is held: the server cannot tell what is missing. @param {number} seq */
  reset(seq) {
    this.seq = seq;
    this.info.value = { ...this.info.value, seq };
    this.recent = [];
    this.asked = false;
    this.window.value = EMPTY;
    this.members.value = null;
    this.late = null;
    this.loaded.value = false;
  }

  /** @param {number} position */
  readTo(position) {
    if (position !== this.info.value.read) this.info.value = { ...this.info.value, read: position };
  }

  /** @param {User} user @param {number} now */
  types(user, now) {
    this.typing.value = new Map(this.typing.value).set(user.id, { user, until: now + TYPING_MS });
  }

  /** @param {number} user */
  #typed(user) {
    if (!this.typing.value.has(user)) return;
    const typing = new Map(this.typing.value);
    typing.delete(user);
    this.typing.value = typing;
  }

  /** Forgets those who stopped typing. @param {number} now */
  expire(now) {
    const left = [...this.typing.value].filter(([, t]) => t.until > now);
    if (left.length !== this.typing.value.size) this.typing.value = new Map(left);
  }

  /** @param {Frame} frame */
  presence(frame) {
    const { online, on, off } = frame;
    const info = { ...this.info.value, online };
    if (info.on && (on || off)) {
      const ids = new Set(info.on);
      for (const id of on ?? []) ids.add(id);
      for (const id of off ?? []) ids.delete(id);
      info.on = [...ids];
    }
    this.info.value = info;
    this.#online(frame);
  }

  /** @param {Frame} frame */
  #online(frame) {
    this.late?.push(frame);
    if (!this.members.value) return;
    const { on, off } = frame;
    const members = new Map(this.members.value);
    for (const [ids, is] of /** @type {[number[]|null, boolean][]} */ ([[on, true], [off, false]])) {
      for (const id of ids ?? []) {
        const member = members.get(id);
        if (member) members.set(id, { ...member, online: is });
      }
    }
    this.members.value = members;
  }

  /** @param {string} clientId @param {number} author @returns {Message|undefined} */
  find(clientId, author) {
    return this.window.value.messages.findLast((m) => m.client_id === clientId && m.author?.id === author);
  }
}
