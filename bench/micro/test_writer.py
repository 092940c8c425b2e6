"""What a batch of posts costs the writer: rules, rendering, log, index and commit, without sockets."""

import itertools
import uuid
from typing import Any

import pytest
from tests.conftest import make_room, make_user

from klatch.actions.messages import Draft, post_many

numbers = itertools.count()


@pytest.mark.parametrize("size", [1, 64, 256])
def test_batch_of_posts(benchmark: Any, db: None, size: int) -> None:
    rosa = make_user()
    room = make_room(rosa)

    def batch() -> tuple[tuple[list[Draft]], dict[str, Any]]:
        return ([Draft(rosa, room.pk, uuid.uuid4(), f"m{next(numbers)} as people talk") for _ in range(size)],), {}

    benchmark.pedantic(post_many, setup=batch, rounds=30, warmup_rounds=3)
