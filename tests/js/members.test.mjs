// Who is in a room: pages that were read before something was told must not undo it.
import "./resolve.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";

const { Room } = await import("#klatch/room.js");

const info = { id: 7, slug: "lobby", name: "lobby", description: "", kind: "open", seq: 1, count: 0, read: 0, members: 3, archived: false, at: "2026-11-10", role: "member", online: 2, on: [1, 2] };
const member = (id, online, role = "member") => ({ user: { id, username: `u${id}`, name: `U${id}`, avatar: "" }, role, online });
const event = (seq, type, id, more = {}) => ({ type, room: 7, seq, at: "2026-11-10", actor: null, user: member(id).user, ...more });

/** A room whose pages of members come when they are let go. */
function loading() {
  const room = new Room({ ...info });
  const pages = [];
  const done = room.loadMembers((op, data) => new Promise((resolve) => pages.push({ op, data, resolve })));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { room, pages, done, turn };
}

const listed = (room) => [...room.members.value.values()].map((m) => [m.user.id, m.online, m.role]);

test("what was told while the pages were on their way is in the list", async () => {
  const { room, pages, done, turn } = loading();
  pages[0].resolve({ members: [member(1, true), member(2, true)], next: "2" });
  await turn();
  room.presence({ type: "presence", room: 7, online: 1, on: [], off: [2] });
  room.apply(event(2, "member.changed", 1, { role: "moderator" }), 1);
  room.apply(event(3, "member.joined", 4, { role: "member" }), 1);
  room.apply(event(4, "member.left", 3, { removed: false }), 1);
  room.presence({ type: "presence", room: 7, online: 2, on: [4], off: [] });
  pages[1].resolve({ members: [member(3, false)], next: null });
  await done;
  assert.deepEqual(listed(room), [[1, true, "moderator"], [2, false, "member"], [4, true, "member"]]);
  room.presence({ type: "presence", room: 7, online: 3, on: [2], off: [] });
  assert.deepEqual(listed(room)[1], [2, true, "member"]);
});

test("pages of before a reset are thrown away, and may be asked for again", async () => {
  const { room, pages, done, turn } = loading();
  room.reset(9);
  const again = room.loadMembers(async () => ({ members: [member(5, true)], next: null }));
  pages[0].resolve({ members: [member(1, true)], next: null });
  await Promise.all([done, again, turn()]);
  assert.deepEqual(listed(room), [[5, true, "member"]]);
});

test("a list that could not be read can be asked for again", async () => {
  const room = new Room({ ...info });
  await assert.rejects(room.loadMembers(async () => { throw new Error("offline"); }));
  await room.loadMembers(async () => ({ members: [member(1, true)], next: null }));
  assert.deepEqual(listed(room), [[1, true, "member"]]);
});
