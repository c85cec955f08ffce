"""Short words for tests of S3's uploads in parts: an object of three, and a clone that wants them small."""

from collections import Counter
from collections.abc import Mapping
from hashlib import md5
from pathlib import Path

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.part_plan import Plan, Sent, Upload
from git_annex_remote_pyshare.testing.files import body_of, nobody
from git_annex_remote_pyshare.transfer import Source
from support.fakes.s3 import ScriptedS3
from support.s3_gate import Login
from support.s3kit import place_at

MIB = 1 << 20
KEY = "WORM-s12582913-m1--key"
NAME = f"bucket/pre/{KEY}"
BODY = body_of(12 * MIB + 1)
PARTS = [BODY[: 5 * MIB], BODY[5 * MIB : 10 * MIB], BODY[10 * MIB :]]
SENT = {number: Sent(digest, digest) for number, part in enumerate(PARTS, 1) if (digest := md5(part).hexdigest())}


def with_small_parts(place: StoreConfig, git_dir: str = "") -> StoreConfig:
    """The same place in a clone whose user wants parts of 5 MiB, so that a test's objects need several."""
    clone = type(place.clone)(git_dir, "cloud")
    clone.__dict__["config"] = {"remote.cloud.pyshare-part-size": "5MiB", "remote.cloud.pyshare-parts": "1"}
    return place._replace(clone=clone)


def store_in_parts(s3: ScriptedS3, git_dir: Path) -> S3Backend:
    """A backend on the scripted server, which lets only Alice in, in a clone with a journal there."""
    s3.login = Login()
    return S3Backend(with_small_parts(place_at(s3), str(git_dir)))


def asked(s3: ScriptedS3) -> Counter[str]:
    """How often each kind of request came."""

    def kind(method: str, target: str) -> str:
        query = target.partition("?")[2]
        words = [word for word in ("uploads", "partNumber", "part-number-marker", "uploadId") if f"{word}=" in query]
        return f"{method} {words[0]}" if words else method

    return Counter(kind(seen.method, seen.target) for seen in s3.requests)


def begun(store: S3Backend) -> Upload:
    """An upload of BODY that has begun on the server, in parts of 5 MiB."""
    cut = Plan(len(BODY), 5 * MIB)
    return Upload(KEY, store.begin(KEY, cut), cut)


def with_parts(store: S3Backend, source: Source, numbers: Mapping[int, object] = SENT) -> Upload:
    """The same with those parts sent."""
    upload = begun(store)
    for number in numbers:
        assert store.send(upload, upload.plan.part(number), source, nobody) == SENT[number]
    return upload
