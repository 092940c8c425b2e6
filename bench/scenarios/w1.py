"""W1, the busy room: how fast messages reach everybody when each post waits for its turn."""

from bench.scenarios.room import RoomLoad

SCENARIO = RoomLoad("w1", "Busy room: 100 members, one poster, 8 in flight", members=100, in_flight=8)
