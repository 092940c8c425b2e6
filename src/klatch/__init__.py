"""Chat for Django. What a host project may import from here: ``klatch.post`` and ``klatch.asgi``.

Everything else that is public is reached through its module and listed in ``docs/reference``.
"""

__version__ = "0.1.0"
