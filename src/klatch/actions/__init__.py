"""One public function for each thing a person can do; the only writers. The permission check is inside.

No HTTP, no sockets, no encoding. Each raises the errors of ``klatch.errors`` and changes nothing when it does.
"""
