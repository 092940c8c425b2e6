"""W4, many rooms: no frame is for more than ten, so that the cost of a message outweighs that of a delivery."""

from bench.load import Shape
from bench.scenarios.room import RoomLoad

PEERS = ("klatch", "tutorial-pubsub")
SCENARIO = RoomLoad(
    "w4",
    "Many rooms: 1,000 rooms of 10 members each, 64 posts in flight, each by a random member",
    Shape(members=10_000, rooms=1_000, posters=64, in_flight=1, roaming=True),
    goal="60,000 deliveries/s",
    peers=PEERS,
    overhead=20,
)
