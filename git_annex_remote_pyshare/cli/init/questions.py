"""Turns options into answers, and asks for what they leave open."""

from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Shares, ability
from git_annex_remote_pyshare.backends.offer import Found
from git_annex_remote_pyshare.cli.init.account import LoggedIn, completed, logged_in, place_for, show_account
from git_annex_remote_pyshare.cli.init.answers import NOWHERE, READERS, SAME, Answers, Options
from git_annex_remote_pyshare.cli.init.dialogue import Choice, Dialogue
from git_annex_remote_pyshare.cli.init.here import Here, State, is_tree
from git_annex_remote_pyshare.cli.init.menu import ask_address
from git_annex_remote_pyshare.cli.init.two_way import HISTORY_ELSEWHERE, require_possible, require_tree
from git_annex_remote_pyshare.cli.output import State as Check
from git_annex_remote_pyshare.cli.output import say_check
from git_annex_remote_pyshare.config.remotes import way_back
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command

_ENCRYPTED = "git-annex refuses to put the history into an encrypted store, since no one could clone it from there"


class Asked(NamedTuple):
    """The answers, and the command that is still to be typed before they can be used, in a dry run."""

    answers: Answers
    login: tuple[str, ...] = ()


class Where(NamedTuple):
    """Where the files go."""

    settings: Mapping[str, str]
    """Of the store, with its complete `url`."""
    found: Found
    came: LoggedIn


def ask_all(options: Options, here: Here, dialogue: Dialogue) -> Asked:
    """Answers for a new remote, or for the one that is at the same address already.

    Raises:
        BadSetting: An option cannot work, or one is missing and there is no terminal.
        PyshareError: The login failed, or the server does not respond.
    """
    where = ask_where(options, here, dialogue)
    settings, found = where.settings, where.found
    if options.two_way:
        require_possible(settings, here)
    if dialogue.is_open:
        show_account(settings, where.came.login, here.clone)
    spec = registry.spec_of(settings["url"])
    name = options.name or here.name_at(settings) or here.free_name(spec.offered.remote)
    if remote := here.remote(name):
        return Asked(_of_existing(options, here, dialogue, State(remote), settings))
    readers = _readers(options, settings, found, here, dialogue)
    history = _history(options, settings, here, dialogue, is_two_way=options.two_way)
    begins, two_way = not here.is_repository, options.two_way
    answers = Answers(name, settings, readers, history, found.is_private, begins, is_tree(settings), two_way)
    return Asked(answers, where.came.missing)


def ask_where(options: Options, here: Here, dialogue: Dialogue) -> Where:
    """The complete address of a store, with the login for it.

    Raises:
        BadSetting: An option cannot work, or one is missing and there is no terminal.
        PyshareError: The login failed, or the server does not respond.
    """
    settings = {**ask_address(options, dialogue), **options.settings}
    found = registry.spec_of(settings["url"]).offered.look(settings)
    if found.text:
        say_check(Check.OK, found.text)
    came = logged_in(settings, found, here.clone, options, dialogue)
    folder = _folder(options, found, here, dialogue)
    return Where(completed(settings, folder, came.login, here.clone), found, came)


def ask_what_is_missing(options: Options, here: Here, dialogue: Dialogue, state: State) -> Asked:
    """Answers for a remote that exists: what is set up already needs no question.

    Raises:
        BadSetting: An option does not fit the remote.
    """
    if not options.url:
        return Asked(_of_existing(options, here, dialogue, state, {"url": state.remote.place.url}))
    settings = {**ask_address(options, dialogue), **options.settings}
    if settings["url"] != state.remote.place.url:
        found = registry.spec_of(settings["url"]).offered.look(settings)
        came = LoggedIn(place_for(settings, here.clone).credential())
        folder = options.folder or (here.folder if found.needs_folder else "")
        settings = {**completed(settings, folder, came.login, here.clone)}
    return Asked(_of_existing(options, here, dialogue, state, settings))


def _of_existing(
    options: Options, here: Here, dialogue: Dialogue, state: State, settings: Mapping[str, str]
) -> Answers:
    """The answers that the remote itself gives; only the others are asked for."""
    place = state.remote.place
    name, spec = place.clone.remote, registry.spec_of(place.url)
    if options.two_way:
        require_tree(state)
        require_possible({**place.settings, "url": place.url}, here)
    state.require_same(settings["url"], options.settings)
    # Only its address: git-annex has its other settings, and nothing here changes them.
    own = {"url": place.url}
    known = "link" if state.is_open else "account" if state.is_autoenabled else ""
    if known == "link" and options.readers not in {"", "link"}:
        raise BadSetting(
            f"anyone can read {name} already, and nothing is withdrawn here",
            remedy=_withdraw(name, is_public=spec.is_public(place.settings)),
        )
    is_private, readers = False, known
    if not known:
        found = spec.offered.look(own)  # this clone may use another place than the dataset's settings name
        is_private, readers = found.is_private, _readers(options, own, found, here, dialogue)
    elif options.readers:
        readers = options.readers
    history = options.history or (SAME if state.has_history else state.published_by(here.hosts()))
    if not history and state.is_tree:  # nothing is sent there by pushes to a sibling
        history = next(iter(here.hosts()), "")
    if not history or options.history:
        is_two_way = options.two_way or bool(way_back(here.clone, state.remote.uuid))
        history = _history(options, state.remote.annex, here, dialogue, is_two_way=is_two_way)
    return Answers(name, own, readers, history, is_private, is_tree=state.is_tree, two_way=options.two_way)


def _withdraw(name: str, *, is_public: bool) -> str:
    if is_public:
        return f"To close it, type: {command('pyshare', 'share', name, '--public', '--revoke')}"
    return f"To withdraw the link, type: {command('pyshare', 'share', name, '--revoke')}"


def _folder(options: Options, found: Found, here: Here, dialogue: Dialogue) -> str:
    """The folder at the address; empty if the address names it."""
    if options.folder or not found.needs_folder:
        return options.folder.strip("/")
    if not found.above:
        return (dialogue.ask_for("Folder there", here.folder) if dialogue.is_open else here.folder).strip("/")
    example = f"{found.above.upper()}/{here.folder}"
    if not dialogue.is_open:
        raise BadSetting(
            f"the folder is missing, which begins with the name of a {found.above}",
            remedy=f"Give it, as in: {command('--folder', example)}",
        )
    return dialogue.ask_for(f"Folder there, which begins with the name of a {found.above}, e.g. {example}").strip("/")


def _readers(options: Options, settings: Mapping[str, str], found: Found, here: Here, dialogue: Dialogue) -> str:
    """Who may read: as the user says; else anyone only if the user chose that at the terminal."""
    spec = registry.spec_of(settings["url"])
    has_links = found.has_links and ability(registry.make(place_for(settings, here.clone)), Shares) is not None
    if spec.local and options.readers == "link":  # its path is the link
        return "account"
    if options.readers == "link" and not has_links:
        raise BadSetting(
            f"{settings['url']} has no links, so people need a login there", remedy="Give: --readers account"
        )
    if options.readers:
        return options.readers
    if not has_links or not dialogue.is_open:
        return "me" if found.is_private else "account"
    texts = (spec.offered.anyone, "people with an account there", "only me")
    choices = [Choice(word, text) for word, text in zip(READERS, texts, strict=True)]
    return dialogue.choose("Who may read?", choices)


def _history(options: Options, settings: Mapping[str, str], here: Here, dialogue: Dialogue, *, is_two_way: bool) -> str:
    """Where the history goes: a sibling, the store itself, or nowhere yet."""
    hosts = here.hosts() if here.is_repository else []
    encryption = settings.get("encryption", "none")
    if options.history == SAME and encryption != "none":
        raise BadSetting(
            f"encryption={encryption} and --history same exclude each other: {_ENCRYPTED}",
            remedy="Leave one of them out.",
        )
    if options.history == SAME and is_two_way:
        raise BadSetting("people edit this folder, so it cannot keep the history, too", remedy=HISTORY_ELSEWHERE)
    if options.history not in {"", SAME, NOWHERE, *hosts}:
        raise BadSetting(
            f"this dataset has no sibling {options.history}",
            remedy=f"Give one of: {', '.join((*hosts, SAME, NOWHERE))}.",
        )
    if options.history:
        return options.history
    if not dialogue.is_open:
        return hosts[0] if hosts else NOWHERE
    choices = [Choice(host, f"{host} (found)") for host in hosts]
    if encryption == "none" and not is_two_way:
        choices.append(Choice(SAME, "into the same folder, no Git host needed"))
    return dialogue.choose("Where does the history go?", [*choices, Choice(NOWHERE, "nowhere yet")])
