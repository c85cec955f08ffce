"""Test tools for authors of backends and of code that uses them.

`memory.MemoryBackend` is a store without a server, `faults.Faults` scripts its failures, and `conformance.Conformance`
has the tests that every backend must pass (it needs pytest).
"""
