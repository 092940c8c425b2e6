"""Benchmarks of the whole product beside the stack of the Channels tutorial. Nothing in src may import this."""
