"""``python -m klatch`` is ``klatch``."""

from klatch.server.cli import main

main()
