"""Any text at all is a request or an error of ours."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from klatch import protocol
from klatch.errors import KlatchError

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JUNK = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner), max_leaves=8)
FRAMES = st.fixed_dictionaries(
    {"op": st.sampled_from([kind.model_fields["op"].default for kind in protocol.REQUESTS]) | JUNK},
    optional={name: JUNK for kind in protocol.REQUESTS for name in kind.model_fields if name != "op"},
)


@given(FRAMES | JUNK)
def test_any_json_is_a_request_or_an_error_of_ours(frame: Any) -> None:
    _decoded(json.dumps(frame))


@given(st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "replace")))
def test_any_text_is_a_request_or_an_error_of_ours(text: str) -> None:
    _decoded(text)


def _decoded(text: str) -> None:
    try:
        protocol.decode(text)
    except KlatchError as refused:
        protocol.encode(refused.as_dict())
