"""Handles INITREMOTE: git-annex creates a remote, enables it, or enables it automatically in another clone.

git-annex sends the same request in all three cases. With autoenable, the user has not seen the settings, yet pyshare
can read the logins in the user's environment. To keep these logins from a stranger's server, pyshare prepares the store
and passes a login to git-annex in two cases only: the owner runs `git annex initremote` (git-annex does not know the
remote's UUID yet, and the settings did not come with the address of a git repository), or the user has verified the
remote.
"""

import time
from collections.abc import Callable
from contextlib import suppress

from annexremote import Master

from git_annex_remote_pyshare.annex import remote_checks
from git_annex_remote_pyshare.annex.session import Session
from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Backend, CanInitialize, Initialized, Moves, StoreConfig
from git_annex_remote_pyshare.backends.ownership import Owned
from git_annex_remote_pyshare.backends.spec import BackendSpec
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.trust import Trust, known_remote
from git_annex_remote_pyshare.errors import BadSetting, PyshareError
from git_annex_remote_pyshare.store.store_config import CREDS

RETRIES = 20.0
"""Seconds for which a server that does not respond properly is tried; then the remote is made without its response."""

_PRIVATE_ENCRYPTION = {"none", "shared", "sharedpubkey"}
"""Values of `encryption=` with which git-annex keeps a login only in this clone, unless `embedcreds=yes` is set."""


def initremote(annex: Master, session: Session) -> None:
    """Check the settings and, for the owner or a verified remote, prepare the store.

    Raises:
        BadSetting: A setting is wrong.
        PyshareError: The store cannot be prepared.
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
            made = _make_ready(annex, session, place._replace(uuid=uuid))
        except Owned as refusal:
            if own:
                raise refusal.in_initremote(remote_checks.own_words(annex)) from None
            raise refusal.in_enableremote(place.clone.remote) from None
        for note in (*notes, *made):
            annex.info(note)
        # A remote made with --sameas uses the login of the remote whose UUID it shares. pyshare must not replace that
        # login, and sends it to another host only if the user allows it.
        if kind.takes_login and not trust.shares_uuid:
            _hand_over_login(annex, kind, trust.account, _keep if own else _keep_unless_published)
        if trust.host and not trust.shares_uuid:
            trust.bind()
    elif kind.takes_login and not trust.account.is_link:  # only the server knows whether a guest needs a login
        _say_what_is_missing(annex, place)


def _check(annex: Master, session: Session) -> tuple[str, ...]:
    """Check all settings together and record the layout; return notes for the owner."""
    try:
        values = session.configure_strictly(annex)
    except BadSetting as refusal:
        raise remote_checks.better_refusal(annex, refusal) from refusal
    git_dir = annex.getgitdir()
    # Recorded, so that a later change of the default does not move this remote's objects.
    annex.setconfig("layout", remote_checks.shared_layout(annex, git_dir) or values["layout"])
    return remote_checks.check_links(annex, values, git_dir)


def _complete(annex: Master, session: Session) -> Trust:
    """Record the settings that come from this machine's configuration, since other machines have other values."""
    added = session.kind(annex).default_settings(session.settings(annex))
    for name, value in added.items():
        annex.setconfig(name, value)
        annex.info(f"{name}={value}, as this machine is configured")
    if added:
        session.configure_strictly(annex)
    return session.trust(annex)


def _make_ready(annex: Master, session: Session, place: StoreConfig) -> tuple[str, ...]:
    """Prepare the store and record the settings that this finds out; return notes for the owner."""
    # Imported here, since no other request before PREPARE-SUCCESS needs it.
    from git_annex_remote_pyshare.store.open import open_store  # noqa: PLC0415

    # A wrong address is likelier than an outage, so a host that is unknown or refuses connections is not tried again.
    store = open_store(place, session.stopping, annex.info, first_contact=0)
    try:
        if place.is_tree and not store.has(Moves):
            raise BadSetting(
                f"{place.url} cannot hold a tree, since pyshare cannot rename files there",
                remedy="Leave exporttree= out.",
            )
        established = prepare_store(store) if store.has(CanInitialize) else Initialized()
    finally:
        store.close()
    for name, value in established.settings.items():
        annex.setconfig(name, value)
    private = remote_checks.note_private(annex, place.clone.remote) if established.private else ()
    return (*established.notes, *private)


def prepare_store(store: Backend) -> Initialized:
    """The result of preparing the store, which is tried for RETRIES seconds.

    A store that stays unreachable is no error: the remote is made, and the notes of the last attempt say that nothing
    was checked.
    """
    began = time.monotonic()
    last = Initialized()

    def attempt(able: CanInitialize) -> Initialized:
        nonlocal last
        last = able.initialize()
        if last.failure is not None and last.failure.retryable and time.monotonic() - began < RETRIES:
            raise last.failure
        return last

    try:
        return store.call(CanInitialize, attempt)
    except PyshareError as error:
        if last.failure is None or not error.retryable:
            raise
        return last


def _hand_over_login(
    annex: Master, kind: BackendSpec, account: Account, keep: Callable[[Master, Credential], None]
) -> None:
    """Let git-annex keep the login from the environment, as it does for its own remotes, unless the login expires."""
    login = account.fitting(kind.variables.read())
    # SETCREDS cannot send a user name that contains a space; such a login stays in the environment.
    if login and " " not in login.user and not login.session_token:
        keep(annex, login)


def _keep(annex: Master, login: Credential) -> None:
    """Let git-annex keep the login; the owner decides with `embedcreds=` whether other users of the dataset get it."""
    annex.setcreds(CREDS, login.user, login.secret)


def _keep_unless_published(annex: Master, login: Credential) -> None:
    """Let git-annex keep the login unless that publishes it: the remote's owner, not this user, set `embedcreds=`.

    git-annex also publishes a login if the remote is encrypted to public keys, and the holders of these keys can read
    it (git-annex documentation, "git-annex-initremote", embedcreds).
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
    """Tell the user of a clone that writing needs a login; not for a public store, which most users only read."""
    if registry.spec_of(place.url).is_public(place.settings):
        return
    with suppress(PyshareError):
        if place.credential() is None:
            annex.info(f"no login for {place.url}, so only what is public can be read. {place.advice()}")
