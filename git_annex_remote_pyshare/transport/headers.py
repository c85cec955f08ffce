"""What every request says about this program, whoever sends it."""

from collections.abc import Mapping

from git_annex_remote_pyshare import __version__

USER_AGENT = f"git-annex-remote-pyshare/{__version__}"
"""Also the name under which a cloud lists the app password that it makes for us."""

HEADERS: Mapping[str, str] = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
"""Bodies are wanted as they are stored: a compressed one could neither be resumed nor be counted."""
