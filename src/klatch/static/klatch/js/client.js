// Puts the parts together and names what a person can do. Components read its signals and call its methods.
import { effect, signal } from "@preact/signals-core";
import { config, socketUrl } from "#klatch/config.js";
import { Drafts } from "#klatch/drafts.js";
import { gettext } from "#klatch/i18n.js";
import { Outbox } from "#klatch/outbox.js";
import { Reader } from "#klatch/reader.js";
import { Router } from "#klatch/router.js";
import { Socket } from "#klatch/socket.js";
import { Store } from "#klatch/store.js";
import { Visit } from "#klatch/visit.js";
/** @import {Message, Quote} from "#klatch/types.js" */
/** @typedef {import("#klatch/room.js").Room} Room */
/** @typedef {{kind: string, [field: string]: any}} Dialog */

class Client {
  constructor() {
    this.config = config;
    this.store = new Store({ you: config.user });
    this.socket = new Socket({
      url: socketUrl(),
      hello: () => ({ epoch: this.store.epoch, rooms: this.store.heads() }),
      onframe: (frame) => this.store.apply(frame),
    });
    this.request = this.socket.request.bind(this.socket);
    this.outbox = new Outbox({
      storage: localStorage, user: config.user.id, store: this.store, request: this.request,
      lock: navigator.locks ? async (name, work) => { await navigator.locks.request(name, work); } : undefined,
    });
    this.reader = new Reader({ request: this.request });
    this.router = new Router(config.base);
    this.drafts = new Drafts(localStorage, config.user.id);
    /** What stands open on the right: "", "members", "search" or "about". */
    this.panel = signal("");
    this.dialog = signal(/** @type {Dialog|null} */ (null));
    this.toast = signal("");
    this.visit = signal(/** @type {Visit|null} */ (null));
    /** Room id to what is being replied to there. */
    this.replying = signal(/** @type {Map<number, Quote>} */ (new Map()));
    /** The message that is being edited in place. */
    this.editing = signal(/** @type {number|null} */ (null));
    this.network = signal(navigator.onLine);
    /** The composer that is on screen registers how to focus it. */
    this.focusComposer = () => {};
  }

  start() {
    this.outbox.restore();
    this.store.ongap = (room, seq) => {
      // A refused or lost request must not leave the room waiting for ever: the next event asks again.
      this.request("subscribe", { room, seq }).catch(() => {
        const known = this.store.rooms.peek().get(room);
        if (known) known.asked = false;
      });
    };
    this.socket.onready = () => void this.outbox.drain();
    addEventListener("storage", (event) => this.outbox.changed(event));
    addEventListener("online", () => {
      this.network.value = true;
      this.socket.nudge();
    });
    addEventListener("offline", () => {
      this.network.value = false;
      this.socket.nudge();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.socket.nudge();
    });
    setInterval(() => this.store.tick(), 1000);
    effect(() => {
      // A room that was taken away leaves nothing behind on the page.
      const visit = this.visit.value;
      if (visit && this.store.rooms.value.get(visit.room.id) !== visit.room) this.leaveRoom();
    });
    this.router.start();
    this.socket.start();
  }

  /** @param {Room} room */
  enter(room) {
    if (this.visit.peek()?.room === room) return;
    this.leaveRoom();
    this.visit.value = new Visit(room, {
      request: this.request, apply: (page, ask) => this.store.apply(page, ask),
      saw: (r, position) => this.reader.saw(r, position), seen: () => this.reader.seen(),
    });
  }

  leaveRoom() {
    this.visit.peek()?.leave();
    this.visit.value = null;
    this.editing.value = null;
  }

  /** Goes to a room's page. @param {{slug: string}} info @param {number|null} [position] */
  open(info, position = null) {
    this.router.go(this.router.href(info.slug, position));
  }

  /**
   * Does something that can fail; a failure is said in one line. @template T
   * @param {Promise<T>} work @returns {Promise<T|undefined>}
   */
  async try(work) {
    try {
      return await work;
    } catch (error) {
      this.say(failureText(/** @type {any} */ (error)));
      return undefined;
    }
  }

  /** @param {string} words shown for a few seconds */
  say(words) {
    this.toast.value = "";
    this.toast.value = words;
  }

  /** A request that answers with a room of yours, which then opens. @param {string} op @param {object} fields */
  async enterBy(op, fields) {
    const { room } = await this.request(op, fields);
    this.store.apply({ type: "room.added", room });
    this.open(room);
    return room;
  }

  /** @param {Message} message @param {string} emoji */
  react(message, emoji) {
    const mine = message.reactions.find((r) => r.emoji === emoji)?.users.includes(this.store.you.peek().id);
    return this.try(this.request("react", { message: message.id, emoji, on: !mine }));
  }

  /** @param {Message|null} message @param {number} room */
  replyTo(message, room) {
    const replying = new Map(this.replying.value);
    if (message) {
      const excerpt = message.body.replace(/\s+/g, " ").slice(0, 140);
      replying.set(room, { id: message.id, position: message.position, author: message.author, excerpt, deleted: false });
    } else replying.delete(room);
    this.replying.value = replying;
    if (message) this.focusComposer();
  }

  /** @param {Message} message @param {Room} room */
  async copyLink(message, room) {
    const link = new URL(this.router.href(room.info.value.slug, message.position), location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      this.say(gettext("Link copied"));
    } catch {
      this.dialog.value = { kind: "link", link };
    }
  }

  /** Everybody in a room, asked once and then kept by its events. @param {Room} room */
  loadMembers(room) {
    return room.loadMembers(this.request);
  }

  /** @param {Room} room @param {boolean} [moderate] whether owners and moderators of the room may, too */
  may(room, moderate = true) {
    const { role, kind } = room.info.value;
    return kind !== "direct" && (role === "owner" || (moderate && role === "moderator"));
  }

  logOut() {
    const form = document.getElementById("klatch-logout");
    if (form instanceof HTMLFormElement) form.submit();
  }
}

/** @param {{code?: string, message: string}} error */
export function failureText(error) {
  if (error.code === "offline") return gettext("You are offline. Try again when the line is back.");
  if (error.code === "timeout") return gettext("The server did not answer. Try again.");
  return error.message || gettext("That did not work.");
}

export const client = new Client();
