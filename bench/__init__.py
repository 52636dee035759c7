"""Benchmarks: one file a subject, always beside the peer in the same run."""
