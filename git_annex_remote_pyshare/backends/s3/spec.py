"""Describes S3 stores without loading an HTTP library: URLs, settings, variables, account and login."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.offer import Found, Offer, Service
from git_annex_remote_pyshare.backends.spec import BackendSpec, LoginFlow, Settings
from git_annex_remote_pyshare.config.settings import Setting, matching, one_of
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.environment import Variables

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.login import LoginRequest, Terminal
    from git_annex_remote_pyshare.credentials.credential import Credential


def _setting(name: str, text: str, check: Callable[[str], None] = lambda _: None) -> Setting:
    return Setting(name, f"S3: {text}", check)


def _ignored(name: str) -> Setting:
    return _setting(name, "ignored; a remote of git-annex's own type=S3 may have it")


_EXAMPLE = "my-bucket/my-data"
_GOOGLE = "gs:"
_YES_NO = ("yes", "no")

_SETTINGS = (
    _setting("bucket", "the bucket, if url= does not name it", matching("bucket", r"[\w.:-]+", "my-bucket")),
    _setting("endpoint", "the server's address if it is not Amazon's, e.g. https://s3.example.org:9000"),
    _setting(
        "region",
        "as the server calls it; if unset, learned from its responses",
        matching("region", r"[\w-]+", "eu-central-1"),
    ),
    _setting(
        "addressing",
        "whether the bucket is part of the path or of the host's name: path, virtual",
        one_of("addressing", ("path", "virtual")),
    ),
    _setting(
        "storageclass",
        "for new objects, e.g. STANDARD_IA; as the server calls it",
        matching("storageclass", r"[\w-]+", "STANDARD_IA"),
    ),
    _setting(
        "public",
        "yes: the bucket lets anyone read, so a clone needs no login, and on Amazon's servers each file's URL is"
        " published",
        one_of("public", _YES_NO),
    ),
    Setting(
        "publicurl",
        "S3: where anyone can read the bucket's objects in a browser; each file's URL there is published",
        publishes=True,
    ),
    _setting(
        "requesterpays",
        "yes: readers pay for what they download, as the bucket's owner requires",
        one_of("requesterpays", _YES_NO),
    ),
    Setting(
        "profile",
        "S3: the section of ~/.aws/config that has the login",
        matching("profile", "[^\r\n]+", "lab"),
        trusted_only=True,  # a profile may start a program
    ),
    _setting("host", "as for git-annex's own type=S3; endpoint= says the same"),
    _setting("port", "with host=", matching("port", "[0-9]{1,5}", "9000")),
    _setting("protocol", "with host=: http (unless the port is 443), https", one_of("protocol", ("http", "https"))),
    _setting("datacenter", "Amazon's region, also US or EU; region= says the same"),
    _setting("requeststyle", "path; addressing= says the same", one_of("requeststyle", ("path",))),
    _setting("fileprefix", "what stands before all names in the bucket, as it is; a folder in url= does the same"),
    _setting(
        "signature",
        "anonymous: never log in; v2 and v4 are both done as v4",
        one_of("signature", ("v2", "v4", "anonymous")),
    ),
    *(_ignored(name) for name in ("partsize", "restore")),
    _setting(
        "versioning",
        "changes nothing, since only the newest version of an object counts; a remote of git-annex's own type=S3 may"
        " have it",
    ),
    _ignored("x-amz-tagging"),
)


def _backend(place: StoreConfig) -> Backend:
    from git_annex_remote_pyshare.backends.s3.lazy import LazyS3

    return LazyS3(place)


def _check(settings: Settings) -> None:
    from git_annex_remote_pyshare.backends.s3.url import check

    check(settings)


def _account(settings: Settings) -> Account:
    from git_annex_remote_pyshare.backends.s3.url import account_of

    return account_of(settings)


def _log_in(request: "LoginRequest", terminal: "Terminal") -> str:
    from git_annex_remote_pyshare.backends.s3.login import login

    return login(request, terminal)


def _check_login(settings: Callable[[], Settings], login: "Credential") -> None:
    from git_annex_remote_pyshare.backends.s3.login import check

    check(settings(), login)


def _words_for(account: str) -> tuple[str, ...]:
    """The arguments of `pyshare login`; at Amazon a bucket is enough."""
    return ("s3://BUCKET",) if account.startswith("amazonaws.com") else ("s3://BUCKET", f"endpoint=https://{account}")


def _default_credentials(settings: Settings) -> "Credential | None":
    from git_annex_remote_pyshare.backends.s3.aws_credentials import default_credentials

    return default_credentials(settings)


def _default_settings(settings: Settings) -> Settings:
    from git_annex_remote_pyshare.backends.s3 import google
    from git_annex_remote_pyshare.backends.s3.aws_profile import default_settings

    return {} if google.is_google(settings) else default_settings(settings)


def _default_url(settings: Settings) -> str:
    return f"s3://{settings['bucket']}" if settings.get("bucket") else ""


def _is_public(settings: Settings) -> bool:
    return settings["public"] == "yes" or bool(settings["publicurl"]) or settings["signature"] == "anonymous"


def _read(text: str) -> Settings:
    from git_annex_remote_pyshare.backends.s3.url import settings_of_address

    return settings_of_address(text)


def _look_at(settings: Settings) -> Found:
    # Google opens a bucket on its own pages only.
    is_google = settings["url"][: len(_GOOGLE)].lower() == _GOOGLE
    return Found(has_links=not is_google, wants_login=settings.get("signature") != "anonymous")


def _read_google(text: str) -> Settings:
    return {"url": text if text[: len(_GOOGLE)].lower() == _GOOGLE else f"{_GOOGLE}//{text.lstrip('/')}"}


SPEC = BackendSpec(
    "s3",
    _backend,
    _check,
    claims=("s3:", _GOOGLE),
    title="S3",
    settings=_SETTINGS,
    layout="flat",
    account=_account,
    variables=Variables("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "", "AWS_SESSION_TOKEN"),
    login=LoginFlow(_log_in, _check_login, words_for=_words_for),
    default_credentials=_default_credentials,
    default_settings=_default_settings,
    default_url=_default_url,
    is_public=_is_public,
    offer=Offer(
        "S3",
        remote="s3",
        question=f"Bucket and folder, e.g. {_EXAMPLE} (with the server unless it is Amazon's:"
        " https://s3.example.org/my-bucket/my-data)",
        example=_EXAMPLE,
        anyone="anyone, without a login (pyshare opens this folder of the bucket)",
        read=_read,
        look=_look_at,
        services={
            "gcs": Service(
                "Google Cloud Storage", f"Bucket and folder, e.g. {_EXAMPLE}", _read_google, example=_EXAMPLE
            ),
        },
    ),
)
