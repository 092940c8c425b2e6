"""W2, the flood: how much one core carries when messages may be taken together."""

from bench.load import Shape
from bench.scenarios.room import RoomLoad

PEERS = (
    "klatch",
    "tutorial",
    "socketio",
    "ws",
    "ejabberd",
    "ngircd",
    "ceiling",
)
SCENARIO = RoomLoad(
    "w2",
    "Flood: 100 members, one poster, 256 in flight",
    Shape(members=100, in_flight=256),
    goal="1,000,000 deliveries/s and 10,000 durable posts/s on one core",
    peers=PEERS,
)
