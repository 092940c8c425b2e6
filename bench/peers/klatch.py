"""Klatch itself."""

from bench.peers import Peer


class Klatch(Peer):
    name = "klatch"
    about = ""
    keeps = True

    def missing(self):
        return "engine"

    def prepare(self, folder, members): ...
    def start(self): ...
    def stop(self): ...
