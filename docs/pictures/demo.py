"""Draws the README's picture of a terminal from a real run: `python docs/pictures/demo.py`.

The picture shows what Alice and Bob type in `pyshare demo`, and what the programs answer. The frame of the story, such
as telling git a name, is left out, and so is what differs from run to run. A test compares the text of a new run with
the text in the picture (tests/e2e/test_picture.py).
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

PICTURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "demo.svg")

WIDTH = 62
"""Characters in a line of the terminal."""
_CHARACTER, _LINE, _MARGIN, _BAR = 8.43, 20, 20, 38
"""Pixels: width of a character, height of a line, margin, height of the title bar."""

_SHOWN = re.compile(
    r"datalad (create|save|push|clone|get books)|cp |cd DataLad|git annex initremote|datalad siblings",
)
"""The commands in the picture, by their beginning; all others are left out with what they print."""
_DROPPED = re.compile(r"^(add|publish)\(ok\)|^\.: github")
"""Lines of output that say nothing new."""
_PLACE = re.compile(r"(/[^\s=]*)?/pyshare-demo-[^/\s]*")
_STORY = {"Alice": "Alice has data, and a folder that Bob reaches", "Bob": "Bob clones, and gets the files"}
"""Whose computer it is → what happens there."""
_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>A terminal: Alice publishes a dataset, and Bob gets its files</title>
<style>
text {{ font: 14px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; white-space: pre; }}
.person {{ fill: #e3b341; font-weight: bold; }} .command {{ fill: #79c0ff; }} .output {{ fill: #c9d1d9; }}
</style>
<rect width="{width}" height="{height}" rx="8" fill="#0d1117" stroke="#30363d"/>
<circle cx="24" cy="18" r="6" fill="#ff5f56"/>
<circle cx="42" cy="18" r="6" fill="#ffbd2e"/>
<circle cx="60" cy="18" r="6" fill="#27c93f"/>
{rows}
</svg>
"""


class Line(NamedTuple):
    """A line of the terminal."""

    text: str
    kind: str
    """What it is: person, command or output."""


def run() -> str:
    """What `pyshare demo` prints."""
    command = (sys.executable, "-m", "git_annex_remote_pyshare", "demo")
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def lines(printed: str) -> list[Line]:
    """The lines of the picture, from what the demo printed."""
    return list(_wrapped(_chosen(_PLACE.sub("", printed))))


def svg(shown: list[Line]) -> str:
    """The picture, as SVG without scripts, fonts or pictures from elsewhere."""
    rows = (
        f'<text x="{_MARGIN}" y="{_BAR + index * _LINE + 14}" class="{line.kind}">{escape(line.text, quote=False)}'
        "</text>"
        for index, line in enumerate(shown)
    )
    width, height = int(WIDTH * _CHARACTER) + 2 * _MARGIN, _BAR + len(shown) * _LINE + _MARGIN
    return _SVG.format(width=width, height=height, rows="\n".join(rows))


def text(picture: str) -> str:
    """The text in a picture, line by line."""
    return "\n".join(re.findall(r'<text [^>]*class="\w+">(.*)</text>', picture))


def _chosen(printed: str) -> Iterator[Line]:
    is_shown = False
    for line in printed.splitlines():
        if found := re.match(r"=== (\w+)'s computer ===", line):
            yield from ([Line("", "output")] if is_shown else [])
            yield Line(f"# {_STORY[found[1]]}", "person")
        elif line.startswith("  $ "):
            is_shown = bool(_SHOWN.match(line.removeprefix("  $ ")))
            if is_shown:
                yield Line(line.strip(), "command")
        elif line.startswith("    ") and is_shown and not _DROPPED.search(line.strip()):
            yield Line(line.strip(), "output")
        elif line.startswith("==="):
            return


def _wrapped(shown: Iterator[Line]) -> Iterator[Line]:
    """Break long lines at spaces, as a person does with a backslash."""
    for line in shown:
        rest = line.text
        while len(rest) > WIDTH:
            cut = rest.rindex(" ", 0, WIDTH - 2)
            yield Line(f"{rest[:cut]} \\", line.kind)
            rest = f"    {rest[cut + 1 :]}"
        yield Line(rest, line.kind)


if __name__ == "__main__":
    with open(PICTURE, "w", encoding="utf-8") as file:
        file.write(svg(lines(run())))
