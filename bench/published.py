"""What others published and what cannot run here: figures of other machines, to know the order of magnitude."""

from typing import NamedTuple


class Published(NamedTuple):
    scenario: str
    who: str
    figure: str
    hardware: str
    source: str


PUBLISHED: tuple[Published, ...] = ()
