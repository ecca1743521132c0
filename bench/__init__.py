"""Benchmarks, each beside its bare limit in the same run, as a ratio. Never a test: machines differ."""
