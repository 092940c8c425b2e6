// The outbox: nothing written is lost, nothing is sent twice as two messages, the order stays.
import "./resolve.mjs";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { FakeStorage } from "./storage.mjs";

const { Outbox, afterFailure, uuid } = await import("#klatch/outbox.js");
const { RequestError } = await import("#klatch/socket.js");
const { Store } = await import("#klatch/store.js");

const you = { id: 1, username: "rosa", name: "Rosa" };
let storage, store, sent, answers, clock;

beforeEach(() => {
  storage = new FakeStorage();
  clock = 1000;
  store = newStore();
  sent = [];
  answers = [];
});

function newStore() {
  const made = new Store({ you, now: () => clock });
  made.apply({ type: "welcome", epoch: "e", you, rooms: [{ id: 7, slug: "lobby", name: "lobby", kind: "open", seq: 0, count: 0, read: 0, members: 1 }] });
  return made;
}

/** Answers each request with the next of `answers`: an error code, an error, or an acknowledgement. */
function newOutbox(options = {}) {
  return new Outbox({
    storage, user: 1, store, wait: async (ms) => void sent.push(["wait", ms]),
    request: async (op, fields) => {
      sent.push([op, fields.body, fields.client_id]);
      const answer = answers.shift();
      if (answer) throw new RequestError(typeof answer === "string" ? { code: answer, detail: answer } : answer);
      return { type: "ack" };
    }, ...options,
  });
}

const bodies = () => sent.filter(([op]) => op === "post").map(([, body]) => body);
const states = () => store.pending.value.map((p) => p.state);

test("what is written offline is kept over a reload and sent once, in its order", async () => {
  answers = ["offline", "offline", "offline"];
  const first = newOutbox();
  for (const body of ["one", "two", "three"]) first.write(7, body);
  await first.drain();
  assert.deepEqual(store.pending.value.map((p) => p.body), ["one", "two", "three"]);

  store = newStore();
  answers = [];
  sent = [];
  const second = newOutbox();
  second.restore();
  assert.deepEqual(store.pending.value.map((p) => p.body), ["one", "two", "three"], "shown again after the reload");
  await second.drain();
  assert.deepEqual(bodies(), ["one", "two", "three"]);
  assert.equal(storage.length, 0);
  sent = [];
  await second.drain();
  assert.deepEqual(bodies(), [], "an acknowledged message is not sent again");
});

test("an acknowledged row stays on the page until its message comes", async () => {
  const outbox = newOutbox();
  const id = outbox.write(7, "hello");
  await outbox.drain();
  assert.deepEqual(states(), ["sent"]);
  store.apply({ type: "message.posted", room: 7, seq: 1, at: "x", actor: you, message: { id: 1, room: 7, position: 1, seq: 1, rev: 1, client_id: id, author: you, at: "x", reactions: [] } });
  assert.deepEqual(states(), []);
});

test("a message that comes before its acknowledgement settles the row and the storage", async () => {
  answers = ["offline", "offline"];
  const outbox = newOutbox();
  const id = outbox.write(7, "hello");
  await outbox.drain();
  assert.equal(storage.length, 1);
  store.apply({ type: "message.posted", room: 7, seq: 1, at: "x", actor: you, message: { id: 1, room: 7, position: 1, seq: 1, rev: 1, client_id: id, author: you, at: "x", reactions: [] } });
  assert.equal(storage.length, 0);
  sent = [];
  await outbox.drain();
  assert.deepEqual(bodies(), []);
});

for (const code of ["rate_limited", "unavailable", "internal", "timeout"]) {
  test(`${code} is tried again with the same client id`, async () => {
    answers = [code, code];
    const outbox = newOutbox();
    const id = outbox.write(7, "again");
    await outbox.drain();
    const ids = sent.filter(([op]) => op === "post").map((s) => s[2]);
    assert.deepEqual(ids, [id, id, id]);
    assert.deepEqual(states(), ["sent"]);
  });
}

test("a refused message says why and waits for a decision; the others go on", async () => {
  answers = ["forbidden"];
  const outbox = newOutbox();
  const id = outbox.write(7, "refused");
  outbox.write(7, "fine");
  await outbox.drain();
  assert.deepEqual(bodies(), ["refused", "fine"]);
  const row = store.pending.value.find((p) => p.client_id === id);
  assert.deepEqual([row.state, row.code, row.detail], ["failed", "forbidden", "forbidden"]);
  await outbox.drain();
  assert.deepEqual(bodies(), ["refused", "fine"], "not tried again by itself");
  outbox.retry(id);
  await outbox.drain();
  assert.deepEqual(sent.at(-1), ["post", "refused", id]);
});

test("a discarded message is gone from the page and the storage", async () => {
  answers = ["invalid"];
  const outbox = newOutbox();
  const id = outbox.write(7, "no");
  await outbox.drain();
  outbox.discard(id);
  assert.equal(storage.length, 0);
  assert.deepEqual(states(), []);
});

test("two tabs that share a lock send each message once, whoever wrote it", async () => {
  let held = Promise.resolve();
  const lock = (_name, work) => (held = held.then(work));
  const a = newOutbox({ lock }), mine = store;
  store = newStore();
  const b = newOutbox({ lock });
  a.write(7, "from a");
  b.write(7, "from b");
  await Promise.all([a.drain(), b.drain()]);
  await held;
  assert.deepEqual(bodies().sort(), ["from a", "from b"]);
  assert.equal(mine.pending.value.length, 1);
});

test("another tab's rows appear here and stay until the message comes", () => {
  const outbox = newOutbox();
  const row = { client_id: "x", room: 7, body: "there", reply_to: null, at: "2026", state: "waiting" };
  const key = "klatch.outbox.1.x";
  storage.setItem(key, JSON.stringify(row));
  outbox.changed({ key, newValue: storage.getItem(key) });
  assert.deepEqual(states(), ["waiting"]);
  outbox.changed({ key, newValue: null });
  assert.deepEqual(states(), ["sent"]);
  outbox.changed({ key: "klatch.outbox.2.y", newValue: "{}" });
  assert.equal(store.pending.value.length, 1, "another account's rows are not mine");
});

test("a storage that is full or holds rubbish stops nobody from writing", async () => {
  storage.setItem("klatch.outbox.1.bad", "{not json");
  storage.full = true;
  const outbox = newOutbox();
  outbox.restore();
  outbox.write(7, "still sent");
  await outbox.drain();
  assert.deepEqual(bodies(), ["still sent"]);
});

test("what to do after a failure", () => {
  assert.equal(afterFailure({ code: "offline" }, 0), "offline");
  assert.deepEqual(afterFailure({ code: "rate_limited", retryAfter: 1.5 }, 0), { again: 1550 });
  assert.deepEqual(afterFailure({ code: "internal" }, 0), { again: 1000 });
  assert.deepEqual(afterFailure({ code: "internal" }, 9), { again: 30000 });
  for (const code of ["forbidden", "not_found", "archived", "too_large", "invalid"]) assert.equal(afterFailure({ code }, 0), "failed");
});

test("client ids are UUIDs, also where crypto.randomUUID is missing", () => {
  const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  assert.match(uuid(), shape);
  const own = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(crypto), "randomUUID");
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  try {
    assert.match(uuid(), shape);
    assert.notEqual(uuid(), uuid());
  } finally {
    delete crypto.randomUUID;
    if (own) Object.defineProperty(Object.getPrototypeOf(crypto), "randomUUID", own);
  }
});
