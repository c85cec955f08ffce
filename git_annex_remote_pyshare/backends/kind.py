"""Supports older plug-ins, with the record that they provide instead of a BackendSpec."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from git_annex_remote_pyshare.backends.spec import BackendSpec


class Kind(NamedTuple):
    """A kind of store, with each of its functions as a string `module:function`; new packages use BackendSpec."""

    name: str
    target: str
    """`module:class` of the backend."""
    check: str
    cost: int = 200
    local: bool = False
    login: bool = True
    """As `takes_login` of BackendSpec."""
    account: str = ""
    layout: str = "shard"
    chain: str = ""
    """As `default_credentials` of BackendSpec."""
    completion: str = ""
    """As `default_settings` of BackendSpec."""
    correction: str = ""
    """As `correct` of BackendSpec."""

    def spec(self) -> BackendSpec:
        """The same as a BackendSpec, which imports each function when it is called."""
        spec = BackendSpec(
            self.name,
            backend=_late(self.target),
            check=_late(self.check),
            layout=self.layout,
            cost=self.cost,
            local=self.local,
            takes_login=self.login,
        )
        if self.account:
            spec = spec._replace(account=_late(self.account))
        if self.chain:
            spec = spec._replace(default_credentials=_late(self.chain))
        if self.completion:
            spec = spec._replace(default_settings=_late(self.completion))
        if self.correction:
            spec = spec._replace(correct=_late(self.correction))
        return spec


def _late(target: str) -> Callable[..., Any]:
    """A function that imports the target only when it is called, and calls it."""

    def call(*values: Any) -> Any:
        module, _, name = target.partition(":")
        return getattr(import_module(module), name)(*values)

    return call
