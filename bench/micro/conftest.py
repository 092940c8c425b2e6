"""The database of the tests."""

from tests.conftest import _calm, db

__all__ = ["_calm", "db"]
