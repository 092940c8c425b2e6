// Completion, times and names, the rows of a conversation, addresses.
import "./resolve.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";

const { asked, filled, findPeople, fit } = await import("#klatch/complete.js");
const { findEmoji } = await import("#klatch/emoji.js");
const { continues, day, initials, noticeText, roomTitle, typingLine } = await import("#klatch/format.js");
const { parse } = await import("#klatch/router.js");
const { findRooms, sections } = await import("#klatch/rooms.js");
const { Room } = await import("#klatch/room.js");
const { timeline } = await import("#klatch/timeline.js");

const rosa = { id: 1, username: "rosa", name: "Rosa Lindqvist" }, joon = { id: 2, username: "joon", name: "Joon-ho Kim" }, lin = { id: 3, username: "lin", name: "林怡君" };

test("@ and : ask for completions at the start of a word only", () => {
  assert.deepEqual(asked("hello @ro", 9), { kind: "person", q: "ro", from: 6, to: 9 });
  assert.deepEqual(asked("@", 1), { kind: "person", q: "", from: 0, to: 1 });
  assert.equal(asked("mail@ro", 7), null);
  assert.deepEqual(asked("大家好，@林", 6), { kind: "person", q: "林", from: 4, to: 6 });
  assert.deepEqual(asked(":tad", 4), { kind: "emoji", q: "tad", from: 0, to: 4 });
  assert.equal(asked("at 10:30", 8), null);
  assert.equal(asked("hello @ro there", 15), null);
});

test("a choice replaces what was typed and leaves the rest", () => {
  const text = "hi @ro, well";
  assert.deepEqual(filled(text, asked(text, 6), "@rosa"), { text: "hi @rosa , well", caret: 9 });
  assert.deepEqual(filled("@ro x", asked("@ro x", 3), "@rosa"), { text: "@rosa x", caret: 6 });
});

test("people are found by any of their names, without accents, in any script", () => {
  assert.deepEqual(findPeople([rosa, joon, lin], "kim").map((u) => u.id), [2]);
  assert.deepEqual(findPeople([rosa, joon, lin], "怡").map((u) => u.id), [3]);
  assert.ok(fit("zoe", "Zoë Brandt") > 0);
  assert.ok(fit("ros", "rosa") > fit("ros", "Aurosa"));
  assert.deepEqual(findEmoji("tad").map((e) => e.sign), ["🎉"]);
});

test("days have names near today", () => {
  const now = new Date(2026, 10, 20, 9);
  assert.equal(day(new Date(2026, 10, 20, 0, 1).toISOString(), now), "Today");
  assert.equal(day(new Date(2026, 10, 19, 23, 59).toISOString(), now), "Yesterday");
  assert.match(day(new Date(2026, 10, 16, 12).toISOString(), now), /Monday/);
  assert.match(day(new Date(2024, 0, 1, 12).toISOString(), now), /2024/);
});

test("initials are two letters, or one sign where a sign is a word", () => {
  assert.deepEqual(["Anna Petrova", "林怡君", "김준호", "نور", "@x", "", "🎉 Party"].map(initials), ["An", "林", "김", "نو", "X", "?", "Pa"]);
});

test("messages of one author within five minutes stand together", () => {
  const m = (minute, author = rosa, more = {}) => ({ author, at: `2026-11-20T09:${String(minute).padStart(2, "0")}:00Z`, reply_to: null, ...more });
  assert.equal(continues(m(0), m(4)), true);
  assert.equal(continues(m(0), m(5)), false);
  assert.equal(continues(m(0), m(1, joon)), false);
  assert.equal(continues(m(0), m(1, rosa, { reply_to: { id: 1 } })), false);
  assert.equal(continues(undefined, m(1)), false);
});

const message = (position, minute, author = joon) =>
  ({ id: position, position, seq: position, client_id: `c${position}`, author, at: `2026-11-20T09:${String(minute).padStart(2, "0")}:00Z`, reply_to: null });

test("rows: a day, the New line before the first unread, grey lines in their place, what waits at the end", () => {
  const window = { messages: [message(1, 0), message(2, 1), message(4, 2)], notices: [{ type: "member.joined", seq: 3, at: "2026-11-20T09:01:30Z", user: lin, actor: lin }], start: true, end: true };
  const waiting = [{ client_id: "w", room: 7, body: "x", at: "2026-11-20T09:03:00Z", state: "waiting", reply_to: null }];
  const rows = timeline(window, waiting, 1, rosa.id);
  assert.deepEqual(rows.map((r) => r.kind), ["day", "message", "new", "message", "notices", "message", "pending"]);
  assert.deepEqual(rows.filter((r) => "first" in r).map((r) => r.first), [true, true, true, true]);
  assert.deepEqual(timeline({ ...window, end: false }, waiting, null, rosa.id).map((r) => r.kind), ["day", "message", "message", "notices", "message"], "what waits stands at the end of the room only");
});

test("grey lines say who did what", () => {
  assert.equal(noticeText({ type: "member.joined", user: lin, actor: lin }), "林怡君 joined");
  assert.equal(noticeText({ type: "member.joined", user: lin, actor: rosa }), "Rosa Lindqvist invited 林怡君");
  assert.equal(noticeText({ type: "member.left", user: lin, actor: rosa, removed: true }), "Rosa Lindqvist removed 林怡君");
  assert.equal(noticeText({ type: "room.changed", actor: rosa, info: { name: "lobby" }, before: { name: "hall" } }), "Rosa Lindqvist renamed the room from “hall”");
  assert.equal(typingLine(["A", "B", "C", "D"]), "Several people are typing…");
});

test("addresses are read below any mount; what is not ours is left alone", () => {
  assert.deepEqual(parse("/team/chat/", "/team/chat/", ""), { slug: "", position: null, browse: false });
  assert.deepEqual(parse("/chat/", "/chat/%E6%97%A5%E6%9C%AC%E8%AA%9E/12/", ""), { slug: "日本語", position: 12, browse: false });
  assert.equal(parse("/chat/", "/accounts/login/", ""), null);
  assert.equal(parse("/chat/", "/chat/lobby/x/", ""), null);
});

const room = (id, name, more = {}) => new Room({ id, slug: name, name, description: "", kind: "open", seq: 1, count: 5, read: 5, members: 2, archived: false, at: `2026-11-${10 + id}`, role: "member", online: 0, on: null, ...more });

test("the sidebar: unread first, rooms by name, people by their last word", () => {
  const rooms = [room(1, "zebra"), room(2, "apple"), room(3, "new", { read: 2 }), room(4, "d", { kind: "direct", people: [rosa, joon] }), room(5, "old", { archived: true, read: 0 })];
  const found = sections(rooms, rosa.id);
  assert.deepEqual([found.unread, found.rooms, found.people, found.archived].map((l) => l.map((r) => r.id)), [[3], [2, 1], [4], [5]]);
  assert.equal(roomTitle(rooms[3].info.value, rosa.id), "Joon-ho Kim");
  assert.deepEqual(findRooms(rooms, "joon", rosa.id).map((r) => r.id), [4]);
});
