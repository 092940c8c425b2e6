"""Anna and Joon in a room of theirs."""

import pytest
from django.contrib.auth.models import User

from klatch.models import Room
from tests.conftest import Server, aside, make_room, make_user


@pytest.fixture
async def anna(server: Server) -> User:
    return await aside(make_user, "anna")


@pytest.fixture
async def joon(server: Server) -> User:
    return await aside(make_user, "joon")


@pytest.fixture
async def room(anna: User, joon: User) -> Room:
    return await aside(make_room, anna, joon)
