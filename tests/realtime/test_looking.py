"""Looking at who is still logged in: cheap for ten thousand, right for every place that keeps sessions."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.module_loading import import_string

from klatch.realtime import login
from tests.conftest import aside, make_user
from tests.realtime.lines import log_in, session_of


async def test_looking_at_many_sessions_takes_one_query(db: None) -> None:
    joon = await aside(make_user)
    keys = {session_of(await aside(log_in, joon)) for _ in range(5)}

    def look() -> tuple[set[str], int]:
        with CaptureQueriesContext(connection) as queries:
            return login._live({*keys, "not-a-session"}), len(queries)

    assert await aside(look) == (keys, 1)


@pytest.mark.parametrize("engine", ["file", "cache", "cached_db"])
async def test_sessions_are_looked_at_wherever_a_project_keeps_them(
    engine: str, db: None, settings: Any, tmp_path: Path
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")

    def begin() -> str:
        session = store()
        session["some"] = "thing"
        session.save()
        return str(session.session_key)

    stays, ended = await aside(begin), await aside(begin)
    await aside(lambda: store(ended).delete())
    assert await aside(login._live, {stays, ended}) == {stays}
