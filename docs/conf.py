"""Builds the documentation as a site: `python -m sphinx -W --keep-going docs build/site`.

The pages are plain Markdown, which GitHub shows, too; what they need of Sphinx is a list of pages (`toctree`) in four
index pages. Nothing on the site comes from another server, so it works without a network.
"""

import os
import re
from typing import TYPE_CHECKING

from git_annex_remote_pyshare import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = "https://github.com/git-annex-remote-pyshare/git-annex-remote-pyshare"

project = "git-annex-remote-pyshare"
author = "The git-annex-remote-pyshare developers"
version = release = __version__

exclude_patterns = ["README.md"]  # the list of pages that GitHub shows for the folder
extensions = ["myst_parser"]
myst_heading_anchors = 4
smartquotes = False  # it makes a dash of the two in --option

html_theme = "furo"
html_title = "pyshare"
html_baseurl = "https://git-annex-remote-pyshare.github.io/git-annex-remote-pyshare/"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {
    "source_repository": REPOSITORY,
    "source_branch": "main",
    "source_directory": "docs/",
    "top_of_page_buttons": ["view"],
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"

_LINK = re.compile(r"\]\((\.\./[^)#\s]+)(#[^)\s]*)?\)")


def _files_outside_lead_to_the_repository(app: "Sphinx", docname: str, source: list[str]) -> None:
    """Rewrite links to files that are in the repository but not in docs/, such as SECURITY.md.

    A link to a file that does not exist stays as it is, so that the build fails.
    """
    folder = os.path.dirname(app.env.doc2path(docname))

    def rewritten(match: "re.Match[str]") -> str:
        path = os.path.normpath(os.path.join(folder, match[1]))
        inside = os.path.relpath(path, os.path.dirname(DOCS))
        if os.path.commonpath([path, DOCS]) == DOCS or inside.startswith("..") or not os.path.exists(path):
            return match[0]
        return f"]({REPOSITORY}/blob/main/{inside}{match[2] or ''})"

    source[0] = _LINK.sub(rewritten, source[0])


def setup(app: "Sphinx") -> None:
    """Sphinx calls this once."""
    app.connect("source-read", _files_outside_lead_to_the_repository)
