"""W3, the hall: a large room in which many post, each waiting for its answer."""

from bench.load import Shape
from bench.scenarios.room import RoomLoad

PEERS = ("klatch", "tutorial-pubsub", "socketio", "ceiling")
SCENARIO = RoomLoad(
    "w3",
    "Hall: 1,000 members, 64 posters, each with one in flight",
    Shape(members=1_000, posters=64, in_flight=1),
    goal="2,000,000 deliveries/s",
    peers=PEERS,
    overhead=7,
)
