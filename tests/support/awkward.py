"""A remote that does everything wrong, on demand; also a program, as git-annex would start it.

What a request does is named by its key behind the `--`, e.g. `XYZ--boom`, or, for requests without a key, by the
environment variable AWKWARD: `getcost=cheap prepare=two-lines`. A name that is no behaviour is returned as it is.
"""

import os
import sys
import time
from collections.abc import Callable
from threading import Event
from typing import Any

from annexremote import ExportRemote, Master, RemoteError, UnsupportedRequest

from git_annex_remote_pyshare.errors import Unreachable

STOPPED = Event()
RELEASED = Event()
STORED: set[str] = set()


class Unshowable(Exception):
    def __str__(self) -> str:
        raise ValueError("not even that")


def fails_with(error: BaseException) -> Callable[[Any, Any], None]:
    def fail(_annex: Any, _arguments: Any) -> None:
        raise error

    return fail


def prints(_annex: Any, _arguments: Any) -> bool:
    print("hello from a library")  # noqa: T201  # that is the awkward thing
    os.write(1, b"hello from its C part\n")
    return True


def reads(_annex: Any, _arguments: Any) -> bool:
    return sys.stdin.read() == "" and os.read(0, 10) == b""


def calls_wrongly(_annex: Any, _arguments: Any) -> str:
    return str("a".upper(1))  # type: ignore[call-arg]


def tells(annex: Any, arguments: Any) -> bool:
    annex.info(ascii(arguments))
    return True


def asks_config(annex: Any, _arguments: Any) -> bool:
    annex.info(ascii(annex.getconfig("path")))
    return True


def asks_configs(annex: Any, _arguments: Any) -> bool:
    annex.info(ascii(annex.getconfigs(("path", "mount", "depth"))))
    return True


def asks_creds(annex: Any, _arguments: Any) -> bool:
    creds = annex.getcreds("mycreds")
    annex.info(ascii((creds["user"], creds["password"])))
    return True


def asks_urls(annex: Any, _arguments: Any) -> bool:
    annex.info(ascii(annex.geturls("K", "")))
    return True


def sets_creds(annex: Any, _arguments: Any) -> None:
    annex.setcreds("mycreds", "alice", " pa ss ")


def progresses(annex: Any, _arguments: Any) -> None:
    annex.progress(3)
    annex.progress(6)


def holds(_annex: Any, _arguments: Any) -> bool:
    return RELEASED.wait(20)


def holds_and_asks(annex: Any, arguments: Any) -> bool:
    return holds(annex, arguments) and asks_config(annex, arguments)


def releases(_annex: Any, _arguments: Any) -> bool:
    RELEASED.set()
    return True


def sleeps(_annex: Any, _arguments: Any) -> None:
    while True:
        time.sleep(60)


BEHAVIOURS: dict[str, Callable[[Any, Any], Any]] = {
    "ok": lambda _annex, _arguments: True,
    "present": lambda _annex, _arguments: True,
    "absent": lambda _annex, _arguments: False,
    "nothing": lambda _annex, _arguments: None,
    "boom": fails_with(OSError("boom boom")),
    "two-lines": fails_with(RemoteError("line one\nline two\r\n\tline three")),
    "silent": fails_with(RemoteError("")),
    "long": fails_with(RemoteError("x" * 100_000)),
    "exit": fails_with(SystemExit(3)),
    "interrupt": fails_with(KeyboardInterrupt()),
    "unshowable": fails_with(Unshowable()),
    "unsupported": fails_with(UnsupportedRequest()),
    "unreachable": fails_with(Unreachable("cannot reach the server", remedy="Switch it on.")),
    "wrong-call": calls_wrongly,
    "prints": prints,
    "reads": reads,
    "tells": tells,
    "config": asks_config,
    "configs": asks_configs,
    "creds": asks_creds,
    "urls": asks_urls,
    "sets-creds": sets_creds,
    "sets-blank-user": lambda annex, _: annex.setcreds("mycreds", "al ice", "secret"),
    "sets-two-lines": lambda annex, _: annex.setconfig("path", "secret\nsecret"),
    "uuid": lambda annex, _: annex.getuuid(),
    "gives-up": lambda annex, _: annex.error("all is lost"),
    "informs": lambda annex, _: annex.info("a word\nin two lines"),
    "progresses": progresses,
    "hold": holds,
    "hold-and-ask": holds_and_asks,
    "release": releases,
    "sleep": sleeps,
    "wait-for-stop": lambda _annex, _arguments: STOPPED.wait(20),
    "two-line-values": lambda _annex, _arguments: {"b name": "one\ntwo", "a": " kept  blanks "},
    "settings": lambda _annex, _arguments: {"url": "where\nit is", "layout": "how keys are named"},
    "not-a-dict": lambda _annex, _arguments: 42,
    "odd-text": lambda _annex, _arguments: "\ud800 \udcff ",
}


class AwkwardRemote(ExportRemote):  # type: ignore[misc]  # annexremote has no types
    def __init__(self, annex: Master) -> None:
        super().__init__(annex)
        self._by_method = dict(word.split("=", 1) for word in os.environ.get("AWKWARD", "").split())

    def _act(self, behaviour: str, *arguments: str) -> Any:
        act = BEHAVIOURS.get(behaviour)
        return act(self.annex, arguments) if act else behaviour

    def _method(self, method: str, default: str = "unsupported") -> Any:
        return self._act(self._by_method.get(method, default))

    def _key(self, key: str, *arguments: str) -> Any:
        return self._act(key.partition("--")[2], key, *arguments)

    def initremote(self) -> None:
        self._method("initremote", "ok")

    def prepare(self) -> None:
        self._method("prepare", "ok")

    def listconfigs(self) -> Any:
        return self._method("listconfigs")

    def getcost(self) -> Any:
        return self._method("getcost")

    def getavailability(self) -> Any:
        return self._method("getavailability")

    def exportsupported(self) -> Any:
        return self._method("exportsupported", "present")

    def claimurl(self, _url: str) -> Any:
        return self._method("claimurl")

    def checkurl(self, _url: str) -> Any:
        if self._by_method.get("checkurl") == "nameless":
            return [{"url": "http://x/1", "size": 1}, {"url": "http://x/2", "size": 2, "filename": "b"}]
        return self._method("checkurl")

    def transfer_store(self, key: str, local_file: str) -> None:
        self._key(key, local_file)

    def transfer_retrieve(self, key: str, local_file: str) -> None:
        self._key(key, local_file)

    def checkpresent(self, key: str) -> Any:
        return self._key(key)

    def remove(self, key: str) -> None:
        self._key(key)

    def whereis(self, key: str) -> Any:
        return self._key(key)

    def transferexport_store(self, key: str, local_file: str, remote_file: str) -> None:
        self._key(key, local_file, remote_file)
        STORED.add(remote_file)

    def transferexport_retrieve(self, key: str, local_file: str, remote_file: str) -> None:
        self._key(key, local_file, remote_file)

    def checkpresentexport(self, key: str, remote_file: str) -> Any:
        answer = self._key(key, remote_file)
        return remote_file in STORED if answer == "stored" else answer

    def removeexport(self, key: str, remote_file: str) -> None:
        self._key(key, remote_file)
        STORED.discard(remote_file)

    def removeexportdirectory(self, _directory: str) -> None:
        self._method("removeexportdirectory")

    def renameexport(self, key: str, filename: str, new_filename: str) -> None:
        self._key(key, filename, new_filename)
        STORED.discard(filename)
        STORED.add(new_filename)

    @property
    def info(self) -> Any:
        return self._method("info", "nothing")

    @info.setter
    def info(self, _value: object) -> None:
        """The library's constructor sets an empty one."""


if __name__ == "__main__":
    from git_annex_remote_pyshare.annex.protocol.serve import serve

    serve(AwkwardRemote, stop=STOPPED.set)
