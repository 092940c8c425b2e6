"""W1, the busy room: how fast messages reach everybody when each post waits for its turn."""

from bench.load import Shape
from bench.scenarios.room import RoomLoad

PEERS = (
    "klatch",
    "tutorial",
    "tutorial-uvicorn",
    "tutorial-pubsub",
    "tutorial-memory",
    "python-socketio",
    "socketio",
    "ws",
    "ejabberd",
    "ngircd",
    "ceiling",
)
SCENARIO = RoomLoad(
    "w1",
    "Busy room: 100 members, one poster, 8 in flight",
    Shape(members=100, in_flight=8),
    goal="150,000 deliveries/s, and 30 times the tutorial stack",
    peers=PEERS,
)
