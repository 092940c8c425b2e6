// The WebSocket: hello and resume, back-off, close codes, requests and their replies. Knows frames, not what they mean.
import { batch, signal } from "@preact/signals-core";
import { heard } from "#klatch/i18n.js";
/** @import {Failure, Frame} from "#klatch/types.js" */

const STEPS = [0.5, 1, 2, 2, 4, 8, 15];
const REQUEST_MS = 15000, PING_EVERY_MS = 25000, PING_WAIT_MS = 8000, OPEN_MS = 12000;

/** Milliseconds to wait before the next attempt. @param {number} attempt from 0 @param {number} chance 0 to 1 */
export function backoff(attempt, chance) {
  return STEPS[Math.min(attempt, STEPS.length - 1)] * 1000 * (0.5 + chance / 2);
}

/** Whether a client should come back by itself after this close code. @param {number} code */
export function comesBack(code) {
  return code !== 1009 && !(code >= 4500 && code <= 4999);
}

export class RequestError extends Error {
  /** @param {Failure} failure */
  constructor(failure) {
    super(heard(failure.detail));
    this.code = failure.code;
    this.retryAfter = failure.retry_after;
    this.fields = failure.fields;
  }
}

/**
 * `connecting`: first attempt. `online`: caught up. `waiting`: lost, will come back. `stopped`: will not; see `code`.
 * @typedef {"connecting"|"online"|"waiting"|"stopped"} SocketState
 */

export class Socket {
  #refs = 0;
  /** @type {Map<number, {resolve: (f: Frame) => void, reject: (e: RequestError) => void, timer: any}>} */
  #waiting = new Map();
  /** @type {WebSocket|null} */
  #ws = null;
  #attempt = 0;
  /** @type {any} */
  #timer = null;
  /** @type {any} */
  #pinger = null;
  #heard = 0;

  /**
   * @param {{url: string, hello: () => object, onframe: (frame: Frame) => void, WebSocket?: typeof WebSocket}} options
   */
  constructor({ url, hello, onframe, WebSocket: Class = globalThis.WebSocket }) {
    this.url = url;
    this.hello = hello;
    this.onframe = onframe;
    this.Class = Class;
    this.state = signal(/** @type {SocketState} */ ("connecting"));
    /** The code of the last close that was final. */
    this.code = signal(0);
    /** Called each time the catch-up is complete. */
    this.onready = () => {};
  }

  start() {
    clearTimeout(this.#timer);
    this.#drop();
    if (this.state.value !== "connecting") this.state.value = "waiting";
    const ws = new this.Class(this.url);
    this.#ws = ws;
    this.#timer = setTimeout(() => this.#lost(ws, 1006), OPEN_MS);
    ws.onopen = () => this.#greet(ws);
    ws.onmessage = (event) => this.#receive(ws, event.data);
    ws.onclose = (event) => this.#lost(ws, event.code);
    ws.onerror = () => {};
  }

  /** Tries now instead of at the end of the pause, e.g. when the network is back or the page is looked at again. */
  nudge() {
    if (this.state.value === "stopped") return;
    if (this.state.value === "online") return this.#ping(5000);
    if (this.#ws && this.#ws.readyState <= 1) return;
    this.#attempt = 0;
    this.start();
  }

  stop() {
    this.state.value = "stopped";
    clearTimeout(this.#timer);
    this.#drop();
  }

  /**
   * Sends a request and waits for its reply. Rejects with a RequestError: the server's codes, or `offline`, `timeout`.
   * @param {string} op @param {object} [fields] @param {number} [ms] @returns {Promise<Frame>}
   */
  request(op, fields = {}, ms = REQUEST_MS) {
    if (this.state.value !== "online") return Promise.reject(new RequestError({ code: "offline", detail: "" }));
    return this.#ask(op, fields, ms);
  }

  /** Sends something that has no reply and may be lost. @param {string} op @param {object} fields */
  tell(op, fields) {
    if (this.state.value === "online") this.#send({ op, ...fields });
  }

  /** @param {string} op @param {object} fields @param {number} ms @returns {Promise<Frame>} */
  #ask(op, fields, ms) {
    const ref = ++this.#refs;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(ref);
        reject(new RequestError({ code: "timeout", detail: "" }));
      }, ms);
      this.#waiting.set(ref, { resolve, reject, timer });
      this.#send({ op, ref, ...fields });
    });
  }

  /** @param {object} frame */
  #send(frame) {
    if (this.#ws?.readyState === 1) this.#ws.send(JSON.stringify(frame));
  }

  /** @param {WebSocket} ws */
  #greet(ws) {
    if (ws !== this.#ws) return;
    this.#ask("hello", this.hello(), OPEN_MS).catch(() => this.#lost(ws, 1006));
  }

  /** @param {WebSocket} ws @param {string} data */
  #receive(ws, data) {
    if (ws !== this.#ws) return;
    this.#heard = Date.now();
    /** @type {Frame[]} */
    const frames = JSON.parse(data);
    batch(() => {
      for (const frame of frames) {
        if (frame.type === "ready") this.#ready(ws);
        else this.#take(frame);
      }
    });
  }

  /** @param {Frame} frame */
  #take(frame) {
    const waiting = frame.ref == null ? undefined : this.#waiting.get(frame.ref);
    if (waiting && frame.ref != null) {
      this.#waiting.delete(frame.ref);
      clearTimeout(waiting.timer);
      if (frame.type === "error") return waiting.reject(new RequestError(/** @type {any} */ (frame)));
      waiting.resolve(frame);
    }
    // Pages are applied by who asked for them: only they know what was asked.
    if (frame.type !== "history") this.onframe(frame);
  }

  /** @param {WebSocket} ws */
  #ready(ws) {
    clearTimeout(this.#timer);
    clearInterval(this.#pinger);
    this.#attempt = 0;
    this.#pinger = setInterval(() => {
      if (Date.now() - this.#heard > PING_EVERY_MS - 1000 && ws === this.#ws) this.#ping(PING_WAIT_MS);
    }, PING_EVERY_MS);
    this.state.value = "online";
    queueMicrotask(() => this.onready());
  }

  /** A line that died without a word is noticed by a ping that nobody answers. @param {number} ms */
  #ping(ms) {
    const ws = this.#ws;
    this.#ask("ping", {}, ms).catch((error) => {
      if (error.code === "timeout" && ws && ws === this.#ws) this.#lost(ws, 1006);
    });
  }

  /** @param {WebSocket} ws @param {number} code */
  #lost(ws, code) {
    if (ws !== this.#ws) return;
    clearTimeout(this.#timer);
    this.#drop();
    if (!comesBack(code)) {
      batch(() => {
        this.code.value = code;
        this.state.value = "stopped";
      });
      return;
    }
    this.state.value = "waiting";
    this.#timer = setTimeout(() => this.start(), backoff(this.#attempt++, Math.random()));
  }

  #drop() {
    clearInterval(this.#pinger);
    const ws = this.#ws;
    this.#ws = null;
    if (ws) {
      ws.onopen = ws.onmessage = ws.onclose = null;
      try {
        ws.close();
      } catch { /* it was never open */ }
    }
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject, timer } of waiting) {
      clearTimeout(timer);
      reject(new RequestError({ code: "offline", detail: "" }));
    }
  }
}
