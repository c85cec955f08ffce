"""For authors of backends and of code around them: a memory backend, faults on demand, and the conformance suite.

`memory.MemoryBackend` is a store without a server, `faults.Faults` a script of what goes wrong in it, and
`conformance.Conformance` the tests that every backend must pass (it needs pytest).
"""
