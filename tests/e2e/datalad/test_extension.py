"""DataLad finds the extension, and pyshare does not need DataLad."""

import subprocess
import sys
from importlib.metadata import entry_points

from support.annex import Home
from support.datalad_extension import with_extension


def test_datalad_lists_the_command_in_its_help(alice: Home) -> None:
    told = with_extension(alice).run("datalad", "--help", cwd=alice.folder).stdout
    assert "create-sibling-pyshare" in told
    assert "*Share datasets through the storage that you already have (pyshare)*" in told


def test_the_entry_point_is_plain_data_and_imports_nothing_of_datalad() -> None:
    (found,) = entry_points(group="datalad.extensions", name="pyshare")
    module, _, name = found.value.partition(":")
    script = (
        f"import sys, {module}\nassert {module}.{name}\nprint([each for each in sys.modules if 'datalad.' in each])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
