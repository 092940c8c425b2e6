"""Tells batches of this place's own processes from what a stranger put on the broker. Reads no batch.

Threat: whoever reaches the broker could else put words into anybody's mouth, or log everybody out.
"""

import hmac

from django.utils.crypto import salted_hmac

LENGTH = 64  # characters before each batch


class Seal:
    """By the project's secret key, which every process of a place has and no broker."""

    def __init__(self) -> None:
        self._key = salted_hmac("klatch.relay", "seal", algorithm="sha256").digest()

    def close(self, batch: bytes) -> bytes:
        return hmac.digest(self._key, batch, "sha256").hex().encode() + batch

    def open(self, payload: bytes) -> bytes:
        """The batch within. Raises ``ValueError`` for what was not sealed here."""
        batch = payload[LENGTH:]
        if not hmac.compare_digest(self.close(batch), payload):
            raise ValueError("not sealed with this place's key")
        return batch
