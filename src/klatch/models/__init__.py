"""Tables, constraints and small readable questions. No broadcasting, no writes across rows, no ``save()`` override."""

from klatch.models.event import Epoch, Event
from klatch.models.invite import Invite
from klatch.models.membership import Ban, Membership
from klatch.models.message import Message, Reaction
from klatch.models.room import Room
from klatch.models.token import Token

__all__ = ["Ban", "Epoch", "Event", "Invite", "Membership", "Message", "Reaction", "Room", "Token"]
