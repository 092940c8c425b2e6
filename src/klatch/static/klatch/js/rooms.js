// The lists of rooms as they are shown: unread first, then rooms, then people; what a search in them finds.
import { fit } from "#klatch/complete.js";
import { others, roomTitle } from "#klatch/format.js";
/** @typedef {import("#klatch/room.js").Room} Room */

/** @param {Iterable<Room>} rooms @param {number} you */
export function sections(rooms, you) {
  /** @type {{unread: Room[], rooms: Room[], people: Room[], archived: Room[]}} */
  const found = { unread: [], rooms: [], people: [], archived: [] };
  for (const room of rooms) {
    const { kind, archived } = room.info.value;
    if (archived) found.archived.push(room);
    else if (room.unread > 0) found.unread.push(room);
    else if (kind === "direct") found.people.push(room);
    else found.rooms.push(room);
  }
  const latest = (/** @type {Room} */ a, /** @type {Room} */ b) => (a.info.value.at < b.info.value.at ? 1 : -1);
  const byName = (/** @type {Room} */ a, /** @type {Room} */ b) =>
    roomTitle(a.info.value, you).localeCompare(roomTitle(b.info.value, you));
  found.unread.sort(latest);
  found.people.sort(latest);
  found.rooms.sort(byName);
  found.archived.sort(byName);
  return found;
}

/** @param {Iterable<Room>} rooms @param {string} q @param {number} you @returns {Room[]} */
export function findRooms(rooms, q, you) {
  return [...rooms]
    .map((room) => {
      const info = room.info.value;
      const names = info.kind === "direct" ? others(info, you).flatMap((p) => [p.name, p.username]) : [info.name, info.slug];
      return { room, score: q ? fit(q, roomTitle(info, you), ...names) : 1 + Math.min(room.unread, 1) };
    })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || (a.room.info.value.at < b.room.info.value.at ? 1 : -1))
    .map(({ room }) => room);
}
