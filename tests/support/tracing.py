"""Lets coverage trace fixtures and tests alone, and not pytest itself, which takes as long as most of them.

On Python 3.11 tracing makes all Python code three to ten times slower, also what is not measured.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class Tracing:
    """Turns tracing on and off. Without `--cov` nothing happens.

    Args:
        config: Has the plugin of coverage, if it is used.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._coverage: Any = None
        self._depth = 0
        if hasattr(config, "workerinput"):
            # In a worker, pytest-cov begins twice, and keeps only what the second one finds.
            self._find()
            self._stop()

    def _find(self) -> None:
        controller = getattr(self._config.pluginmanager.get_plugin("_cov"), "cov_controller", None)
        self._coverage = getattr(controller, "cov", None)

    def _start(self) -> None:
        if self._coverage:
            self._coverage.start()

    def _stop(self) -> None:
        if self._coverage:
            self._coverage.stop()

    @contextmanager
    def _on(self) -> Iterator[None]:
        """Trace in the block; a fixture may set up another one in its own."""
        self._depth += 1
        if self._depth == 1:
            self._start()
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._stop()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Iterator[None]:
        """Stop what has traced the imports of the collection; it is started again for the end of the run."""
        self._find()
        self._stop()
        try:
            return (yield)
        finally:
            self._start()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self) -> Iterator[None]:
        """Trace a fixture."""
        with self._on():
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self) -> Iterator[None]:
        """Trace a test."""
        with self._on():
            return (yield)
