// The socket against a fake WebSocket: hello and resume, replies, back-off, which closes are final.
import "./resolve.mjs";
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

const { Socket, backoff, comesBack } = await import("#klatch/socket.js");

class FakeWebSocket {
  static made = [];
  readyState = 0;
  sent = [];

  constructor(url) {
    this.url = url;
    FakeWebSocket.made.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  open() {
    this.readyState = 1;
    this.onopen();
  }

  receive(...frames) {
    this.onmessage({ data: JSON.stringify(frames) });
  }
}

let socket, frames, heads;
const last = () => FakeWebSocket.made.at(-1);

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  FakeWebSocket.made = [];
  frames = [];
  heads = {};
  socket = new Socket({ url: "ws://x/ws/", hello: () => ({ epoch: "e", rooms: heads }), onframe: (f) => frames.push(f), WebSocket: FakeWebSocket });
});
afterEach(() => {
  socket.stop();
  mock.timers.reset();
});

function goOnline() {
  last().open();
  last().receive({ type: "welcome", ref: last().sent[0].ref, rooms: [] }, { type: "ready", ref: 1 });
}

test("says hello first, with what it has, and is online after the catch-up", () => {
  heads = { 7: 41 };
  socket.start();
  last().open();
  assert.deepEqual(last().sent, [{ op: "hello", ref: 1, epoch: "e", rooms: { 7: 41 } }]);
  last().receive({ type: "welcome", ref: 1, rooms: [] });
  assert.equal(socket.state.value, "connecting");
  last().receive({ type: "message.posted", room: 7, seq: 42 }, { type: "ready", ref: 1 });
  assert.equal(socket.state.value, "online");
  assert.deepEqual(frames.map((f) => f.type), ["welcome", "message.posted"]);
});

test("a reply finds its request; an error rejects it with its code", async () => {
  socket.start();
  goOnline();
  const good = socket.request("read", { room: 7 }), bad = socket.request("post", {});
  const [, a, b] = last().sent;
  last().receive({ type: "error", ref: b.ref, code: "rate_limited", detail: "Too fast.", retry_after: 2 }, { type: "ack", ref: a.ref, room: 7 });
  assert.equal((await good).type, "ack");
  await assert.rejects(bad, (e) => e.code === "rate_limited" && e.retryAfter === 2);
});

test("a request without an answer fails after its time; without a line at once", async () => {
  await assert.rejects(socket.request("rooms"), { code: "offline" });
  socket.start();
  goOnline();
  const slow = socket.request("rooms");
  mock.timers.tick(15000);
  await assert.rejects(slow, { code: "timeout" });
});

test("a lost line fails what waits, comes back after a pause and resumes", async () => {
  socket.start();
  goOnline();
  const waiting = socket.request("rooms");
  heads = { 7: 50 };
  last().onclose({ code: 1006 });
  await assert.rejects(waiting, { code: "offline" });
  assert.equal(socket.state.value, "waiting");
  mock.timers.tick(500);
  assert.equal(FakeWebSocket.made.length, 2);
  last().open();
  assert.deepEqual(last().sent[0].rooms, { 7: 50 });
});

test("the pause grows, with a random factor of a half to one", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 9].map((n) => backoff(n, 1)), [500, 1000, 2000, 2000, 4000, 8000, 15000, 15000]);
  assert.equal(backoff(1, 0), 500);
});

test("some closes are final: the socket stops and keeps the code", () => {
  for (const code of [1001, 1006, 1011, 1012, 4000, 4499]) assert.equal(comesBack(code), true, code);
  for (const code of [1009, 4500, 4501, 4999]) assert.equal(comesBack(code), false, code);
  socket.start();
  goOnline();
  last().onclose({ code: 4500 });
  mock.timers.tick(60000);
  assert.deepEqual([socket.state.value, socket.code.value, FakeWebSocket.made.length], ["stopped", 4500, 1]);
});

test("the network's return ends the pause at once", () => {
  socket.start();
  last().onclose({ code: 1006 });
  socket.nudge();
  assert.equal(FakeWebSocket.made.length, 2);
});

test("a line that died without a word is found by a ping", () => {
  socket.start();
  goOnline();
  mock.timers.tick(25000);
  assert.equal(last().sent.at(-1).op, "ping");
  mock.timers.tick(8000);
  return Promise.resolve().then(() => Promise.resolve()).then(() => assert.equal(socket.state.value, "waiting"));
});
