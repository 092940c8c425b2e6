"""`manage.py check`: what cannot work, or would lose or delay messages, is said with the line to change."""

from typing import Any

import pytest
from django.db import connection

from klatch import checks

REDIS = "klatch.relay.redis.RedisRelay"
LAYER = "klatch.relay.layer.LayerRelay"
CORE = "channels_redis.core.RedisChannelLayer"
PUBSUB = "channels_redis.pubsub.RedisPubSubChannelLayer"
MEMORY = "channels.layers.InMemoryChannelLayer"


@pytest.mark.parametrize(
    ("given", "layer", "found"),
    [
        ({}, None, []),
        ({"RELAY": "klatch.relay.nowhere.Relay"}, None, ["klatch.E003"]),
        ({"RELAY": REDIS}, None, ["klatch.E004"]),
        ({"RELAY": REDIS, "RELAY_URL": "redis://valkey/0"}, None, []),
        ({"RELAY": LAYER}, None, ["klatch.E006"]),
        ({"RELAY": LAYER}, MEMORY, ["klatch.W003"]),
        ({"RELAY": LAYER}, CORE, ["klatch.W004"]),
        ({"RELAY": LAYER}, PUBSUB, []),
    ],
)
def test_a_relay_that_cannot_reach_the_others_is_named(
    given: dict[str, Any], layer: str | None, found: list[str], settings: Any
) -> None:
    settings.KLATCH = given
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": layer}} if layer else {}
    messages = checks.check_relay(None)
    assert [message.id for message in messages] == found
    assert all("RELAY" in (message.hint or "") for message in messages)


def test_a_relay_through_postgresql_needs_postgresql(settings: Any) -> None:
    settings.KLATCH = {"RELAY": "klatch.relay.postgres.PostgresRelay"}
    expected = [] if connection.vendor == "postgresql" else ["klatch.E005"]
    assert [message.id for message in checks.check_relay(None)] == expected


def test_a_key_that_does_not_exist_is_said_once(settings: Any) -> None:
    settings.KLATCH = {"RELLAY": REDIS}
    found = [*checks.check_settings(None), *checks.check_relay(None)]
    assert [message.id for message in found] == ["klatch.E001"]
