"""Every request ends in exactly one well-formed reply, whatever comes in and whatever the remote does."""

import io
import re
from collections.abc import Callable
from typing import Any

import annexremote
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from git_annex_remote_pyshare.annex.protocol.grammar import RULES, UNSUPPORTED
from git_annex_remote_pyshare.annex.protocol.job import Job
from git_annex_remote_pyshare.annex.protocol.writer import Writer
from git_annex_remote_pyshare.errors import PyshareError, tracing

METHODS = (
    "initremote",
    "prepare",
    "transfer_store",
    "transfer_retrieve",
    "checkpresent",
    "remove",
    "listconfigs",
    "getcost",
    "getavailability",
    "claimurl",
    "checkurl",
    "whereis",
    "exportsupported",
    "transferexport_store",
    "transferexport_retrieve",
    "checkpresentexport",
    "removeexport",
    "removeexportdirectory",
    "renameexport",
    "importsupported",
    "listimportablecontents",
    "retrieveimport",
    "checkpresentimport",
)


class Whim:
    """A remote whose every method does the same thing."""

    def __init__(self, act: Callable[[], Any]) -> None:
        for method in METHODS:
            setattr(self, method, lambda *_arguments: act())
        self._act = act

    @property
    def info(self) -> Any:
        return self._act()


def converse(lines: list[bytes], act: Callable[[], Any], tag: str = "") -> list[list[bytes]]:
    """What one job says to each line, without its DEBUG lines."""
    outgoing = io.BytesIO()
    job = Job(tag, Writer(outgoing), lambda _annex: Whim(act), ["INFO", "UNAVAILABLERESPONSE"])
    said = []
    for line in lines:
        outgoing.seek(0)
        outgoing.truncate()
        job.handle(line.decode("utf-8", "surrogateescape"))
        text = outgoing.getvalue()
        assert text.endswith(b"\n") or not text
        said.append([reply for reply in text.split(b"\n")[:-1] if not reply.startswith(tag.encode() + b"DEBUG ")])
    return said


KEY = rb"[^ \n]+"
TEXT = rb"[^\n]+"
FORMS = {
    "INITREMOTE": rb"INITREMOTE-(SUCCESS|FAILURE [^\n]+)",
    "PREPARE": rb"PREPARE-(SUCCESS|FAILURE [^\n]+)",
    "TRANSFER": rb"TRANSFER-(SUCCESS %(method)s %(key)s|FAILURE %(method)s %(key)s [^\n]+)",
    "TRANSFEREXPORT": rb"TRANSFER-(SUCCESS %(method)s %(key)s|FAILURE %(method)s %(key)s [^\n]+)",
    "CHECKPRESENT": rb"CHECKPRESENT-(SUCCESS %(key)s|FAILURE %(key)s|UNKNOWN %(key)s [^\n]+)",
    "CHECKPRESENTEXPORT": rb"CHECKPRESENT-(SUCCESS %(key)s|FAILURE %(key)s|UNKNOWN %(key)s [^\n]+)",
    "REMOVE": rb"REMOVE-(SUCCESS %(key)s|FAILURE %(key)s [^\n]+)",
    "REMOVEEXPORT": rb"REMOVE-(SUCCESS %(key)s|FAILURE %(key)s [^\n]+)",
    "LISTCONFIGS": rb"(CONFIG [^\n]*\n)*CONFIGEND|UNSUPPORTED-REQUEST",
    "GETCOST": rb"COST [0-9.]+|UNSUPPORTED-REQUEST",
    "GETAVAILABILITY": rb"AVAILABILITY (GLOBAL|LOCAL|UNAVAILABLE)|UNSUPPORTED-REQUEST",
    "GETORDERED": rb"ORDERED",
    "GETINFO": rb"(INFOFIELD [^\n]*\nINFOVALUE [^\n]*\n)*INFOEND|UNSUPPORTED-REQUEST",
    "WHEREIS": rb"WHEREIS-(SUCCESS [^\n]+|FAILURE)|UNSUPPORTED-REQUEST",
    "CLAIMURL": rb"CLAIMURL-(SUCCESS|FAILURE)|UNSUPPORTED-REQUEST",
    "CHECKURL": rb"CHECKURL-(CONTENTS [^\n]+|MULTI( [^ \n]+ [^ \n]+ [^ \n]+)+|FAILURE [^\n]+)|UNSUPPORTED-REQUEST",
    "EXPORTSUPPORTED": rb"EXPORTSUPPORTED-(SUCCESS|FAILURE)|UNSUPPORTED-REQUEST",
    "RENAMEEXPORT": rb"RENAMEEXPORT-(SUCCESS|FAILURE) %(key)s|UNSUPPORTED-REQUEST",
    "REMOVEEXPORTDIRECTORY": rb"REMOVEEXPORTDIRECTORY-(SUCCESS|FAILURE)|UNSUPPORTED-REQUEST",
    "IMPORTSUPPORTED": rb"IMPORTSUPPORTED-(SUCCESS|FAILURE)|UNSUPPORTED-REQUEST",
    "LISTIMPORTABLECONTENTS": rb"LISTIMPORTABLECONTENTS-(SUCCESS|FAILURE [^\n]+)|UNSUPPORTED-REQUEST",
    "RETRIEVEIMPORT": rb"RETRIEVEIMPORT-(SUCCESS|FAILURE [^\n]+)",
    "CHECKPRESENTIMPORT": rb"CHECKPRESENT-(SUCCESS %(key)s|FAILURE %(key)s|UNKNOWN %(key)s [^\n]+)",
}
SILENT = {"EXPORT", "IMPORT", "ERROR"}
"""git-annex's own grammar, written down a second time, as git-annex would read it."""

anything = st.binary().map(lambda raw: raw.replace(b"\n", b""))
keys = st.binary(min_size=1).map(lambda raw: raw.replace(b"\n", b"").replace(b" ", b"")).filter(bool)
names = anything.filter(bool)


class Unshowable(Exception):
    def __str__(self) -> str:
        raise ValueError

    __repr__ = __str__


class Unprintable:
    def __str__(self) -> str:
        raise ValueError

    __repr__ = __str__


def raising(error: BaseException) -> Callable[[], Any]:
    def act() -> Any:
        raise error

    return act


texts = st.text(st.characters(), max_size=60)
errors = st.one_of(
    texts.map(OSError),
    texts.map(annexremote.RemoteError),
    texts.map(annexremote.ProtocolError),
    texts.map(PyshareError),
    texts.map(lambda text: PyshareError(text, remedy=text)),
    st.sampled_from(
        [
            annexremote.UnsupportedRequest(),
            annexremote.RemoteError(),
            annexremote.RemoteError(Unprintable()),
            SystemExit(),
            SystemExit(0),
            KeyboardInterrupt(),
            GeneratorExit(),
            StopIteration(),
            RecursionError(),
            MemoryError(),
            Unshowable(),
            UnicodeDecodeError("utf-8", b"\xff", 0, 1, "odd"),
        ]
    ),
)
entries = st.fixed_dictionaries(
    {}, optional={"url": texts, "size": st.integers() | texts, "filename": texts | st.none()}
)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    texts,
    st.binary(max_size=20),
    st.sampled_from(["global", "local", "unavailable", Unprintable(), object]),
    st.dictionaries(texts, texts | st.integers(), max_size=3),
    st.lists(entries, max_size=3),
)
acts = st.one_of(errors.map(raising), values.map(lambda value: lambda: value))


@st.composite
def requests(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """A well-formed request that is answered: line, key and method."""
    word = draw(st.sampled_from(sorted(FORMS)))
    key, method = draw(keys), draw(st.sampled_from([b"STORE", b"RETRIEVE"]))
    parameter = {
        "TRANSFER": method + b" " + key + b" " + draw(names),
        "TRANSFEREXPORT": method + b" " + key + b" " + draw(names),
        "RENAMEEXPORT": key + b" " + draw(names),
        "CLAIMURL": draw(names),
        "CHECKURL": draw(names),
        "RETRIEVEIMPORT": draw(names),
        "REMOVEEXPORTDIRECTORY": draw(names),
    }.get(word, key if word.startswith(("CHECKPRESENT", "REMOVE", "WHEREIS")) else b"")
    return word.encode() + (b" " + parameter if parameter else b""), key, method


@settings(max_examples=800)
@given(requests(), names, acts, st.sampled_from(["", "J 3 "]))
def test_a_request_ends_in_one_well_formed_reply_whatever_the_remote_does(
    request: tuple[bytes, bytes, bytes], name: bytes, act: Callable[[], Any], tag: str
) -> None:
    line, key, method = request
    *silent, replies = converse([b"EXPORT " + name, b"IMPORT " + name, line], act, tag)
    assert silent == [[], []]
    assert all(reply.startswith(tag.encode()) for reply in replies)
    reply = b"\n".join(reply.removeprefix(tag.encode()) for reply in replies)
    form = FORMS[line.decode("utf-8", "replace").partition(" ")[0]]
    form = form.replace(b"%(key)s", re.escape(key)).replace(b"%(method)s", method)
    assert re.fullmatch(form, reply), reply


def test_a_servers_half_character_does_not_change_the_key_beside_it() -> None:
    (replies,) = converse([b"CHECKPRESENT XYZ--\x80"], raising(OSError("\ud800 \udcff")))
    assert replies == [b"CHECKPRESENT-UNKNOWN XYZ--\x80 OSError: \\ud800 \\xff"]


@given(st.lists(anything, max_size=5), acts)
def test_any_line_gets_one_reply_and_the_job_lives_on(lines: list[bytes], act: Callable[[], Any]) -> None:
    *said, last = converse([*lines, b"GETORDERED"], act)
    assert last == [b"ORDERED"]
    for line, replies in zip(lines, said, strict=True):
        silent = line.partition(b" ")[0] in {word.encode() for word in SILENT}
        assert bool(replies) != silent


@given(st.sampled_from(sorted(RULES)), anything, acts)
def test_a_known_word_with_any_parameter_gets_a_reply_unless_it_is_a_message(
    word: str, parameter: bytes, act: Callable[[], Any]
) -> None:
    (replies,) = converse([word.encode() + b" " + parameter], act)
    assert bool(replies) == (word not in SILENT)


def test_the_reply_to_every_known_request_has_been_written_down_here() -> None:
    assert set(RULES) == set(FORMS) | {"EXTENSIONS"} | SILENT


@pytest.mark.parametrize("length", [pytest.param(100_000, id="PR1")])
def test_an_error_text_has_a_bounded_length(length: int) -> None:
    ((reply,),) = converse([b"REMOVE K"], raising(OSError("ä" * length)))
    assert len(reply) < 5000


def test_a_remote_that_cannot_be_made_fails_the_request_and_is_tried_again_at_the_next() -> None:
    outgoing = io.BytesIO()
    modules = iter([False, True])

    def make_remote(_annex: object) -> Whim:
        if not next(modules):
            raise ImportError("no such module")
        return Whim(lambda: True)

    job = Job("", Writer(outgoing), make_remote, [])
    job.handle("CHECKPRESENT K")
    job.handle("CHECKPRESENT K")
    said = [line for line in outgoing.getvalue().splitlines() if not line.startswith(b"DEBUG")]
    assert said == [b"CHECKPRESENT-UNKNOWN K ImportError: no such module", b"CHECKPRESENT-SUCCESS K"]


def test_a_setting_whose_name_would_be_a_line_of_its_own_is_not_sent() -> None:
    assert converse([b"LISTCONFIGS"], lambda: {"good": "x", "bad\nCONFIGEND": "y"}) == [[b"UNSUPPORTED-REQUEST"]]


def test_an_unexpected_exception_leaves_its_traceback_in_the_debug_output() -> None:
    outgoing = io.BytesIO()
    Job("J 1 ", Writer(outgoing), lambda _annex: Whim(raising(KeyError("x"))), []).handle("REMOVE K")
    *debug, reply = outgoing.getvalue().decode().splitlines()
    assert reply == "J 1 REMOVE-FAILURE K KeyError: 'x'"
    assert debug[0] == "J 1 DEBUG Traceback (most recent call last):"
    assert debug[-1] == "J 1 DEBUG KeyError: 'x'"
    assert all(line.startswith("J 1 DEBUG ") for line in debug)


def test_the_request_behind_an_error_is_in_the_debug_output_and_not_in_the_reply() -> None:
    def fail() -> None:
        with tracing("PUT https://cloud.example.org/dav/a/KEY"):
            raise PyshareError(
                "cannot store the file on cloud.example.org", detail="request tx1\x1b[2J\nREMOVE-SUCCESS K"
            )

    outgoing = io.BytesIO()
    Job("", Writer(outgoing), lambda _annex: Whim(fail), []).handle("REMOVE K")
    assert outgoing.getvalue().decode().splitlines() == [
        "DEBUG PUT https://cloud.example.org/dav/a/KEY: request tx1 [2J REMOVE-SUCCESS K",
        "REMOVE-FAILURE K cannot store the file on cloud.example.org",
    ]


def test_what_a_stray_thread_says_after_the_reply_is_not_sent() -> None:
    outgoing = io.BytesIO()
    job = Job("", Writer(outgoing), lambda _annex: Whim(lambda: True), ["INFO"])
    job.handle("TRANSFER STORE K f")
    with pytest.raises(annexremote.ProtocolError, match="PROGRESS came after the end of its request"):
        job.master.progress(7)
    job.master.debug("unheard")
    assert outgoing.getvalue() == b"TRANSFER-SUCCESS STORE K\n"
    assert UNSUPPORTED.encode() not in outgoing.getvalue()


@pytest.mark.parametrize("fails", [False, True])
def test_what_git_annex_need_not_wait_for_is_done_after_the_reply_and_may_fail(*, fails: bool) -> None:
    class Busy(Whim):
        def replied(self) -> None:
            said.append(outgoing.getvalue())
            if fails:
                raise PyshareError("the disk is full")

    said: list[bytes] = []
    outgoing = io.BytesIO()
    job = Job("", Writer(outgoing), lambda _annex: Busy(lambda: True), [])
    for _ in range(2):
        job.handle("CHECKPRESENT K")
    assert said == [b"CHECKPRESENT-SUCCESS K\n", b"CHECKPRESENT-SUCCESS K\n" * 2]
