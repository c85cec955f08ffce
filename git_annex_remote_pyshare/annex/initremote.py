"""Handles INITREMOTE: a remote is made, enabled, or enabled automatically in another clone.

The same request comes in all three cases, in the last one with settings that the user has not looked at and with the
user's environment within reach. So only the owner's own `git annex initremote` (git-annex does not know the remote's
UUID yet, and no address of a git repository brought the settings), or a remote that its user has verified, makes the
place ready and hands a login to git-annex; else the stranger's server would be given the user's login.
"""

from collections.abc import Callable
from contextlib import suppress

from annexremote import Master

from git_annex_remote_pyshare.annex import remote_checks
from git_annex_remote_pyshare.annex.session import Session
from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import CanInitialize, StoreConfig, ability
from git_annex_remote_pyshare.backends.ownership import Owned
from git_annex_remote_pyshare.backends.spec import BackendSpec
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.trust import Trust, known_remote
from git_annex_remote_pyshare.errors import BadSetting, PyshareError
from git_annex_remote_pyshare.store.place import CREDS

_PRIVATE_ENCRYPTION = {"none", "shared", "sharedpubkey"}
"""Values of `encryption=` with which git-annex keeps a login in this clone alone, unless `embedcreds=yes`."""


def initremote(annex: Master, session: Session) -> None:
    """Check the settings and, for the owner, make the place ready.

    Raises:
        BadSetting: A setting cannot work.
        PyshareError: The owner's place cannot be made ready.
    """
    notes = _check(annex, session)
    trust, uuid = session.trust(annex), annex.getuuid()
    own = not trust.by_address and not known_remote(trust.clone.git_dir, uuid)
    if own:
        trust = _complete(annex, session)
        trust.accept()
    place = session.place(annex, trust)
    kind = session.kind(annex)
    if trust.verified:
        try:
            made = _make_ready(annex, place._replace(uuid=uuid))
        except Owned as refusal:
            if own:
                raise refusal.in_initremote(remote_checks.own_words(annex)) from None
            raise refusal.in_enableremote(place.clone.remote) from None
        for note in (*notes, *made):
            annex.info(note)
        # A remote made by --sameas has the login of the remote whose UUID it shares: that one must not be replaced,
        # and only the user's own word lets it go to another host.
        if kind.takes_login and not trust.shares_uuid:
            _hand_over_login(annex, kind, trust.account, _keep if own else _keep_unless_published)
        if trust.host and not trust.shares_uuid:
            trust.bind()
    elif kind.takes_login and not trust.account.is_link:  # whether a guest needs a login only the server can tell
        _say_what_is_missing(annex, place)


def _check(annex: Master, session: Session) -> tuple[str, ...]:
    """Check all settings together, and write down the layout; what the owner should know of them."""
    try:
        values = session.configure_strictly(annex)
    except BadSetting as refusal:
        raise remote_checks.better_refusal(annex, refusal) from refusal
    git_dir = annex.getgitdir()
    # Written down, so that a later default does not change where this remote's objects are.
    annex.setconfig("layout", remote_checks.shared_layout(annex, git_dir) or values["layout"])
    return remote_checks.check_links(annex, values, git_dir)


def _complete(annex: Master, session: Session) -> Trust:
    """Write down what the owner left to this machine's configuration, since other people's says something else."""
    added = session.kind(annex).default_settings(session.settings(annex))
    for name, value in added.items():
        annex.setconfig(name, value)
        annex.info(f"{name}={value}, as this machine is configured")
    if added:
        session.configure_strictly(annex)
    return session.trust(annex)


def _make_ready(annex: Master, place: StoreConfig) -> tuple[str, ...]:
    """Make the place ready, and write down what was learned of it; what the owner should know of it."""
    backend = registry.make(place)
    if not (maker := ability(backend, CanInitialize)):
        return ()
    try:
        established = maker.initialize()
    finally:
        backend.close()
    for name, value in established.settings.items():
        annex.setconfig(name, value)
    private = remote_checks.note_private(annex, place.clone.remote) if established.private else ()
    return (*established.notes, *private)


def _hand_over_login(
    annex: Master, kind: BackendSpec, account: Account, keep: Callable[[Master, Credential], None]
) -> None:
    """Let git-annex keep the login of the environment, as it does for its own remotes, if it is of use tomorrow."""
    login = account.fitting(kind.variables.read())
    # The protocol cannot carry a user name with a space (SETCREDS); such a login stays in the environment.
    if login and " " not in login.user and not login.session_token:
        keep(annex, login)


def _keep(annex: Master, login: Credential) -> None:
    """The owner who makes the remote decides by `embedcreds=` whether the dataset's other users get the login."""
    annex.setcreds(CREDS, login.user, login.secret)


def _keep_unless_published(annex: Master, login: Credential) -> None:
    """A user who enables the remote later must not publish a login: `embedcreds=` is the word of the remote's maker.

    git-annex also publishes it where the remote's encryption has people's keys, and these people can read it (git-annex
    documentation, "git-annex-initremote", embedcreds).
    """
    if annex.getconfig("embedcreds") == "no" or not _is_published_unasked(annex):
        _keep(annex, login)
        return
    annex.info(
        f"git-annex does not keep the login of the {login.origin}, since this remote's settings would have it publish"
        " the login with the dataset"
    )


def _is_published_unasked(annex: Master) -> bool:
    return bool(annex.getconfig("embedcreds")) or annex.getconfig("encryption") not in _PRIVATE_ENCRYPTION


def _say_what_is_missing(annex: Master, place: StoreConfig) -> None:
    """One line in a clone: reading may work without a login, writing does not. A public store is there to be read."""
    if registry.spec_of(place.url).is_public(place.settings):
        return
    with suppress(PyshareError):
        if place.credential() is None:
            annex.info(f"no login for {place.url}, so only what is public can be read. {place.advice()}")
