"""Micro-benchmarks (pytest-benchmark): what single parts cost, apart from servers and clients. `make bench-micro`."""
