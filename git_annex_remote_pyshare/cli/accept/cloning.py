"""Makes a dataset's clone: the history alone, in a new folder, without a request to any other host than the shown one.

`datalad clone` and `git annex init` would enable the dataset's remotes before the user has seen where they lead. So git
clones, and git-annex is told to enable nothing. It is also told to leave a git host on the web alone: git-annex asks
such a host for its annex, and follows a redirect to any other host, where git follows none.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from git_annex_remote_pyshare.cli.accept.places import git_host, place_of_address
from git_annex_remote_pyshare.cli.accept.programs import environment, last_words, output_of, run, top_of
from git_annex_remote_pyshare.cli.invitation import Invitation
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.annex_url import SCHEME
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied, PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line

ORIGIN = "origin"
"""Name of the git remote in a new clone."""

_CONFIG = ("-c", "http.followRedirects=false", "-c", "submodule.recurse=false")
"""git sends nothing to another host than the shown one: no redirect is followed, no submodule cloned."""

_REDIRECTED = re.compile(r"error: 30[12378]\b|redirect", re.IGNORECASE)
_LOGIN = "pyshare login "
"""Part of the text by which our own program says that a server wants a login."""

IGNORED = f"remote.{ORIGIN}.annex-ignore"
"""Git config by which git-annex does not use the git host itself."""

_USUAL = ("main", "master")
"""Branches that a store's history usually has; an annex:: address does not say which one to check out."""


def require_free(folder: str) -> None:
    """Refuse a folder that cannot become a clone.

    Raises:
        BadSetting: It is a symbolic link, is no folder or not empty, or the folder above it is missing.
    """
    again = "Give another folder, after the address."
    if os.path.islink(folder):
        raise BadSetting(f"{folder} is a symbolic link, so the clone would be elsewhere", remedy=again)
    if os.path.lexists(folder) and not (os.path.isdir(folder) and not os.listdir(folder)):
        raise BadSetting(f"{folder} exists and is not an empty folder", remedy=again)
    if not os.path.isdir(os.path.dirname(os.path.abspath(folder))):
        raise BadSetting(f"the folder above {folder} does not exist", remedy=again)


@contextmanager
def new_folder(folder: str) -> Iterator[None]:
    """Make the folder and work in it; removed again if the block fails and leaves it empty.

    The block works in the folder that was made here, even if another user of the machine replaces its name by a
    symbolic link meanwhile.

    Raises:
        BadSetting: Something of this name has appeared, or the folder cannot be made.
    """
    before = os.getcwd()
    made = not os.path.isdir(folder)
    try:
        if made:
            os.mkdir(folder)
        _enter(folder)
    except OSError as error:
        raise BadSetting(f"cannot make {folder}: {error.strerror}", remedy="Give another folder.") from error
    try:
        _require_empty(folder)
        yield
    except BaseException:  # also after Ctrl-C no empty folder of ours stays
        os.chdir(before)
        with suppress(OSError):  # not empty, or not ours any more
            if made:
                os.rmdir(folder)
        raise


def clone(invitation: Invitation, *, may_ask: bool) -> None:
    """Clone the history into the working directory, and make it a git-annex repository without special remotes.

    Args:
        invitation: What to clone; its address is safe.
        may_ask: Whether git may ask for a login at the terminal.

    Raises:
        PermissionDenied: The store wants a login (`pyshare login`).
        PyshareError: The history cannot be cloned.
    """
    variables = {
        "GIT_ALLOW_PROTOCOL": _protocols(invitation.url),
        "GIT_LFS_SKIP_SMUDGE": "1",  # a dataset can name any host for git-lfs
        **({} if may_ask else {"GIT_TERMINAL_PROMPT": "0"}),
    }
    with environment(variables, without=("GIT_CEILING_DIRECTORIES",)):
        if invitation.is_store:
            _from_store(invitation.url)
            return
        options = ["--quiet", "--no-recurse-submodules", "--origin", ORIGIN]
        if is_on_web(invitation.url):
            options.append(f"--config={IGNORED}=true")
        _git(invitation.url, ("clone", *options, "--", invitation.url, "."))
        if is_dataset():
            _annex_init()


def is_on_web(url: str) -> bool:
    """Whether git-annex would ask a web server for the annex of this address, and follow its redirects.

    By ssh it contacts the host of the address only, and a folder on this machine may have an annex to read from.
    """
    return url.lower().startswith(("http:", "https:"))


def is_dataset() -> bool:
    """Whether the clone in the working directory has a git-annex branch."""
    refs = ("refs/heads/git-annex", f"refs/remotes/{ORIGIN}/git-annex")
    return bool(output_of("git", "for-each-ref", "--format=%(refname)", *refs))


def require_annex(url: str) -> None:
    """Make a clone that git has made alone a git-annex repository, before git-annex does so and enables all remotes.

    Args:
        url: The address from which this is a clone.
    """
    if run("git", "config", "annex.uuid").returncode == 0:
        return
    if is_on_web(url) and run("git", "config", IGNORED).returncode:
        output_of("git", "config", IGNORED, "true")
    _annex_init()


def is_clone_of(folder: str, url: str) -> bool:
    """Whether the folder is a clone of what is at the address; looks at its git config only."""
    if os.path.islink(folder) or top_of(folder) != os.path.realpath(folder):  # e.g. a folder inside of another clone
        return False
    listed = run("git", "-C", folder, "config", "--null", "--get-regexp", r"^remote\..*\.url$").stdout
    return _same(url) in {_same(entry.partition("\n")[2]) for entry in listed.split("\0") if entry}


def _protocols(url: str) -> str:
    """The transports that git may use, also where a server or the dataset names another one."""
    if url.startswith(SCHEME):
        return "annex"
    if url.startswith("http"):
        return "http:https"
    return "file" if git_host(url) == url else "ssh"


def _same(url: str) -> str:
    return url.rstrip("/").removesuffix(".git").rstrip("/")


def _require_empty(folder: str) -> None:
    """Refuse the working directory if another program has written to it since it was made."""
    if os.listdir("."):
        raise BadSetting(f"{folder} is not empty", remedy="Give another folder, after the address.")


def _enter(folder: str) -> None:
    if not hasattr(os, "fchdir"):  # Windows
        os.chdir(folder)
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchdir(opened)
    finally:
        os.close(opened)


def _from_store(url: str) -> None:
    """Fetch the history out of a store.

    `git clone annex::…` lets git-annex enable all remotes of the dataset, and checks out nothing if this machine's
    init.defaultBranch is another one than the owner's.
    """
    _git(url, ("init", "--quiet", "."))
    try:
        _annex_init()
        _git(url, ("remote", "add", ORIGIN, url))
        _accept(url)
        _git(url, ("fetch", "--quiet", ORIGIN))
        branch = _main_branch()
        _git(url, ("checkout", "--quiet", "-B", branch, "--track", f"{ORIGIN}/{branch}"))
    except BaseException:  # half a clone, also after Ctrl-C, would look like a whole one to the next accept
        _remove_repository()
        raise


def _accept(url: str) -> None:
    """Let the clone read from a store in an account of the user's own, to whose whole address they have agreed."""
    place = place_of_address(url)
    if place.settings and place.account.is_whole:
        _git(url, ("config", f"remote.{ORIGIN}.{options.HOST.name}", place.account.host))


def _remove_repository() -> None:
    """Remove the repository that this process has made in the working directory, which has no other content yet."""
    import shutil  # noqa: PLC0415  # rarely needed

    shutil.rmtree(".git", ignore_errors=True)


def _annex_init() -> None:
    done = run("git", "annex", "init", "--quiet", "--no-autoenable")
    if done.returncode:
        raise PyshareError(f"git-annex cannot work in the clone: {last_words(done.stderr)}")


def _main_branch() -> str:
    """The branch to check out of a store."""
    start = f"refs/remotes/{ORIGIN}/"
    refs = output_of("git", "for-each-ref", "--format=%(refname)", start).split()
    heads = [name for ref in refs if (name := ref.removeprefix(start)) != "git-annex"]
    branch = next((name for name in (*_USUAL, *heads) if name in heads and not name.startswith("synced/")), "")
    if not branch:
        raise BadSetting("the store has no history yet", remedy="Ask the owner of the dataset to push it there.")
    return branch


def _git(url: str, words: tuple[str, ...]) -> None:
    done = run("git", *_CONFIG, *words)
    if done.returncode == 0:
        return
    said = last_words(done.stderr)
    if _LOGIN in done.stderr:
        raise PermissionDenied("the store wants a login", remedy="")
    if url.startswith("http") and _REDIRECTED.search(done.stderr):
        raise PyshareError(
            f"{git_host(url)} sends you on to another address, and pyshare does not follow",
            remedy=f"Open {one_line(url)} in a browser, and accept the address that you see there.",
        )
    raise PyshareError(f"cannot clone {url}: {said}", remedy=f"To see more, type: {command('git', 'ls-remote', url)}")
