"""The live side of one process: sockets, fan-out, order and repair. Writes only through ``actions``."""
