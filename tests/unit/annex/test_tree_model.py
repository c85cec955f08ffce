"""Random walks of a tree against a model, see `support/tree_machine.py`; `-m long` draws many more."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from support.guarded_machine import GuardedTrees
from support.marks import LONG
from support.tree_machine import Trees


class LayeredTrees(Trees):
    """The same with retries and what else is around a backend."""

    is_layered = True


class LayeredGuardedTrees(GuardedTrees):
    """The same with the layers."""

    is_layered = True


MANY = settings(max_examples=300, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SHORT = settings(MANY, max_examples=12, stateful_step_count=25, derandomize=True)

KINDS = (Trees, LayeredTrees, GuardedTrees, LayeredGuardedTrees)
for kind in KINDS:
    kind.TestCase.settings = SHORT
TestTrees = Trees.TestCase
TestLayeredTrees = LayeredTrees.TestCase
TestGuardedTrees = GuardedTrees.TestCase
TestLayeredGuardedTrees = LayeredGuardedTrees.TestCase


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=LONG) for kind in KINDS])
@pytest.mark.timeout(3600)
def test_many_walks(kind: type[Trees]) -> None:
    run_state_machine_as_test(kind, settings=MANY)
