// The store against the shared vectors of tests/protocol: the same frames give the same state, whatever the order and the repeats.
import "./resolve.mjs";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const { Store } = await import("#klatch/store.js");

const folder = new URL("../protocol/", import.meta.url);

/** What a vector may say about a message. */
const seen = (m) => ({
  id: m.id, position: m.position, rev: m.rev, body: m.body, deleted: m.deleted, edited: m.edited_at !== null,
  quote: m.reply_to && { id: m.reply_to.id, excerpt: m.reply_to.excerpt, deleted: m.reply_to.deleted },
  reactions: Object.fromEntries(m.reactions.map((r) => [r.emoji, [...r.users].sort((a, b) => a - b)])),
});

/** The store, as far as a vector can see it. */
function snapshot(store, asked) {
  const rooms = {};
  for (const room of store.rooms.value.values()) {
    const { name, slug, count, read, members, role, archived, online, on } = room.info.value;
    const { messages, notices, start, end } = room.window.value;
    rooms[room.id] = {
      seq: room.seq, name, slug, count, read, unread: room.unread, members, role, archived, online, on,
      loaded: room.loaded.value, start, end, messages: messages.map(seen),
      notices: notices.map((n) => ({ type: n.type, seq: n.seq })), typing: [...room.typing.value.keys()],
    };
  }
  return {
    epoch: store.epoch, you: store.you.value.id, unread: store.unread.value, rooms,
    pending: store.pending.value.map((p) => p.client_id), lost: [...store.lost.value.keys()], asked,
  };
}

/** Checks what is expected and nothing else: objects by their named keys, lists and values exactly. */
function matches(actual, expected, path) {
  if (expected && typeof expected === "object" && !Array.isArray(expected)) {
    assert.ok(actual && typeof actual === "object", `${path} is missing`);
    for (const key of Object.keys(expected)) {
      if (key === "only") assert.deepEqual(Object.keys(actual), expected.only, `${path}: exactly these keys`);
      else matches(actual[key], expected[key], `${path}.${key}`);
    }
  } else if (Array.isArray(expected) && expected.some((e) => e && typeof e === "object")) {
    assert.equal(actual?.length, expected.length, `${path}: how many`);
    expected.forEach((e, i) => matches(actual[i], e, `${path}[${i}]`));
  } else assert.deepEqual(actual, expected, path);
}

export function play(vector) {
  let now = 0;
  const asked = [];
  const store = new Store({ you: vector.you, now: () => now });
  store.ongap = (room, seq) => asked.push([room, seq]);
  for (const step of vector.steps) {
    if (Array.isArray(step)) for (const frame of step) store.apply(frame);
    else if (step.write) store.add({ reply_to: null, at: "2026-11-20T09:00:00Z", state: "waiting", ...step.write });
    else if (step.acked) store.mark(step.acked, { state: "sent" });
    else if (step.page) store.apply(step.page, step.ask);
    else if (step.wait) {
      now += step.wait * 1000;
      store.tick();
    } else assert.fail(`unknown step ${JSON.stringify(step)}`);
  }
  return snapshot(store, asked);
}

for (const file of readdirSync(folder).filter((name) => name.endsWith(".json")).sort()) {
  const vector = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
  test(`${file}: ${vector.name}`, () => matches(play(vector), vector.expect, "store"));
}

test("the vectors can fail", () => {
  const vector = { you: { id: 1 }, steps: [], expect: { epoch: "x" } };
  assert.throws(() => matches(play(vector), vector.expect, "store"));
});
