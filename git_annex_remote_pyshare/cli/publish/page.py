"""Makes the two files for visitors: a page in HTML that lists what is published, and a text that says how to get it.

Every name in them comes from the dataset. The page loads nothing, runs no script, and its links are relative, so it
works on a web server, in a folder and on a drive. Both are the same for the same files, so that a second run does not
send them again.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote_from_bytes

from git_annex_remote_pyshare.safe_text import command, one_line
from git_annex_remote_pyshare.transfer import in_words

PAGE, HOWTO = "index.html", "HOWTO-GET.txt"
"""Names of the two files."""

MOST_LISTED = 10_000
"""Files that the page lists; browsers are slow with more."""

_STYLE = """\
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
body { margin: 0; background: Canvas; color: CanvasText; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.2; }
a { color: LinkText; }
a:focus-visible { outline: 3px solid; outline-offset: 2px; }
pre { padding: .75rem; border: 1px solid GrayText; white-space: pre-wrap; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .25rem 0; border-bottom: 1px solid GrayText; text-align: left; vertical-align: top; }
th:last-child, td:last-child { padding-left: 1rem; text-align: right; white-space: nowrap; overflow-wrap: normal; }
"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""Whatever a name may smuggle in is neither loaded nor run."""


class About(NamedTuple):
    """What the two files tell besides the names."""

    name: str
    """The dataset's."""
    folder: str = ""
    """The folder of the dataset that is published; empty for all of it."""
    version: str = ""
    """Date and commit, for example `2030-12-31, commit 1234567890`; empty if unknown."""
    url: str = ""
    """The address that anyone can clone; empty if there is none."""

    @property
    def title(self) -> str:
        """Name of the published part, safe to show."""
        return one_line(f"{self.name}/{self.folder}" if self.folder else self.name)

    @property
    def commands(self) -> list[str]:
        """What visitors type to get the dataset; empty if they cannot."""
        if not self.url:
            return []
        return [
            command("pipx", "install", "git-annex-remote-pyshare[friend]"),
            command("pyshare", "accept", self.url),
        ]


def page_of(about: About, sizes: Mapping[str, int | None]) -> bytes:
    """The page.

    Args:
        about: What it tells besides.
        sizes: Path of each published file → its bytes; None if unknown.
    """
    parts = (
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<meta name="referrer" content="no-referrer">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{escape(about.title)}</title>",
        f"<style>\n{_STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1><bdi>{escape(about.title)}</bdi></h1>",
        f"<p>{escape(_summary(about, sizes))}</p>",
        *_how(about),
        *_listing(sizes),
        "</main>",
        "</body>",
        "</html>",
        "",
    )
    return "\n".join(parts).encode("utf-8", "replace")


def howto_of(about: About, sizes: Mapping[str, int | None]) -> bytes:
    """The text; arguments as for `page_of`."""
    title = f"How to get {about.title}"
    lines = [title, "=" * len(title), "", _summary(about, sizes), "", _PLAIN, f"The page {PAGE} lists them.", ""]
    if about.commands:
        lines += [_BY_ANNEX, "", *(f"    {each}" for each in about.commands), "", *_where(about)]
    return "\n".join([*lines, ""]).encode("utf-8", "replace")


_PLAIN = "These are ordinary files: open or download them with your browser, or with the program of your file service."
_BY_ANNEX = "To get the whole dataset with its history, and every file checked, use git-annex. Type in a terminal:"


def _summary(about: About, sizes: Mapping[str, int | None]) -> str:
    version = f" Version of {one_line(about.version)}." if about.version else ""
    return f"{_extent(list(sizes.values()))}.{version}"


def _extent(sizes: Sequence[int | None]) -> str:
    number = "1 file" if len(sizes) == 1 else f"{len(sizes)} files"
    return f"{number}, {'more than ' if None in sizes else ''}{in_words(sum(size or 0 for size in sizes))}"


def _where(about: About) -> list[str]:
    """Where the files are in the dataset, if that is another place than here."""
    return [f"The files are in its folder {one_line(about.folder)}.", ""] if about.folder else []


def _how(about: About) -> Iterator[str]:
    yield "<h2>How to get the files</h2>"
    yield f'<p>{escape(_PLAIN)} <a href="./{HOWTO}">{HOWTO}</a> says the same.</p>'
    if about.commands:
        yield f"<p>{escape(_BY_ANNEX)}</p>"
        yield f"<pre><code>{escape(chr(10).join(map(one_line, about.commands)))}</code></pre>"
        yield from (f"<p>{escape(line)}</p>" for line in _where(about) if line)


def _listing(sizes: Mapping[str, int | None]) -> Iterator[str]:
    """The files, folder by folder."""
    listed = sorted(sizes, key=lambda path: (path.rpartition("/")[0], path))[:MOST_LISTED]
    folders = [(folder, list(paths)) for folder, paths in groupby(listed, key=lambda path: path.rpartition("/")[0])]
    yield "<h2>Files</h2>"
    if len(folders) > 1:
        yield '<nav aria-label="Folders">'
        yield "<ul>"
        for number, (folder, paths) in enumerate(folders):
            extent = _extent([sizes[path] for path in paths])
            yield f'<li><a href="#folder-{number}">{_shown(folder)}</a>: {extent}</li>'
        yield "</ul>"
        yield "</nav>"
    for number, (folder, paths) in enumerate(folders):
        yield f'<h3 id="folder-{number}">{_shown(folder)}</h3>'
        yield f'<table aria-labelledby="folder-{number}">'
        yield '<thead><tr><th scope="col">Name</th><th scope="col">Size</th></tr></thead>'
        yield "<tbody>"
        yield from (_row(path, sizes[path]) for path in paths)
        yield "</tbody>"
        yield "</table>"
    if (more := len(sizes) - len(listed)) > 0:
        yield f"<p>{more} more files are not listed here.</p>"


def _row(path: str, size: int | None) -> str:
    link = quote_from_bytes(path.encode("utf-8", "surrogateescape"), safe="/")
    name = escape(_visible(path.rpartition("/")[2]))
    # A link that begins with `./` is never read as one with a scheme.
    return f'<tr><td><a href="./{link}"><bdi>{name}</bdi></a></td><td>{_size(size)}</td></tr>'


def _size(size: int | None) -> str:
    return "" if size is None else in_words(size)


def _shown(folder: str) -> str:
    return f"<bdi>{escape(_visible(folder))}/</bdi>" if folder else "Top folder"


def _visible(name: str) -> str:
    """A name that a reader can see and click, also if it has nothing but spaces."""
    return one_line(name) or "(a name of spaces)"
