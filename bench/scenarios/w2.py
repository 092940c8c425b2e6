"""W2, the flood: how much one core carries when messages may be taken together."""

from bench.scenarios.room import RoomLoad

SCENARIO = RoomLoad("w2", "Flood: 100 members, one poster, 256 in flight", members=100, in_flight=256)
