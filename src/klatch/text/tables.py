"""The table rule with a limit. A row may be one character and still make a cell for each column of the head."""

from markdown_it.rules_block import StateBlock, table

MOST_CELLS = 1_000  # of all tables of one message


def bounded_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Beyond the limit a table stays the text that it was typed as."""
    left: int = state.env.setdefault("cells", MOST_CELLS)
    if not left or not table(state, start, end, True):
        return False
    columns = state.src.count("|", state.bMarks[start], state.eMarks[start]) + 1
    last = start
    while last < end and not state.isEmpty(last):
        last += 1
    # Spent even by a look ahead: at most that much is ever parsed, whoever asks.
    state.env["cells"] = left = max(0, left - (0 if silent else columns * (last - start)))
    return bool(left) and (silent or table(state, start, end, False))
