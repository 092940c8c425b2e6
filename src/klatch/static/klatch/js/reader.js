// Moves the read pointer: what was on screen while the page was visible and focused has been read. At most once a second.
/** @typedef {import("#klatch/room.js").Room} Room */

const PAUSE_MS = 1000;

export class Reader {
  /** @type {any} */
  #timer = null;
  #last = 0;
  /** @type {Map<Room, number>} */
  #wanted = new Map();

  /** @param {{request: (op: string, fields: object) => Promise<any>, seen?: () => boolean}} options */
  constructor({ request, seen = () => document.visibilityState === "visible" && document.hasFocus() }) {
    this.request = request;
    this.seen = seen;
  }

  /** The newest message that is on screen. @param {Room} room @param {number} position */
  saw(room, position) {
    if (!this.seen() || position <= room.info.value.read) return;
    this.#wanted.set(room, Math.max(position, this.#wanted.get(room) ?? 0));
    if (this.#timer) return;
    const pause = Math.max(0, this.#last + PAUSE_MS - Date.now());
    this.#timer = setTimeout(() => this.#send(), pause);
  }

  #send() {
    this.#timer = null;
    this.#last = Date.now();
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    for (const [room, position] of wanted) {
      if (position <= room.info.value.read) continue;
      room.reading = position;
      room.readTo(position);
      this.request("read", { room: room.id, position })
        .catch(() => { /* the next message that is seen says it again */ })
        .finally(() => {
          if (room.reading === position) room.reading = 0;
        });
    }
  }
}
