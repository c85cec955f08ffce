"""`pyshare doctor` with the real git-annex and datalad: what it prints is typed, and then it says that all is well."""

import json
import os
import re
import shlex
import signal
import ssl
import subprocess
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import trustme
from support.annex import Home, Repository
from support.fakes.dav import ScriptedDAV
from support.scripted import Play, Rule, answer, served
from support.sharing import Owner

PASSWORD = "geheim-w0rd-42"
TITLES = ("Machine", "Dataset", "Login", "Server", "Friends")
TOUCHED = (".git/index", ".git/annex/index", ".git/annex/keysdb")


def run(user: Home, folder: Path, *words: str, code: int) -> subprocess.CompletedProcess[str]:
    """`pyshare doctor …`, which ends with this code."""
    done = user.run("pyshare", "doctor", *words, cwd=folder, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def doctor(user: Home, folder: Path, *words: str, code: int) -> str:
    """What `pyshare doctor …` prints."""
    done = run(user, folder, *words, code=code)
    return done.stdout + done.stderr


def checks(user: Home, folder: Path, *words: str, code: int) -> dict[str, dict[str, str]]:
    """The checks of `pyshare doctor … --json`, by their names."""
    found = json.loads(run(user, folder, *words, "--json", code=code).stdout)
    assert list(found) == ["checks"]
    return {f"{row['section']}/{row['check']}": row for row in found["checks"]}


def types(user: Home, folder: Path, line: str, answers: str = "", **filled: str) -> str:
    """Paste a line that was printed into a shell."""
    for name, value in filled.items():
        line = line.replace(name, shlex.quote(value))
    done = user.run("sh", "-e", "-c", line, cwd=folder, input=answers)
    return done.stdout + done.stderr


def files_of(folder: Path) -> Mapping[str, bytes]:
    """All files below a folder, but those that git and git-annex touch when they read."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    kept = {name: path for name, path in found.items() if not name.startswith(TOUCHED)}
    return {name: path.read_bytes() for name, path in kept.items() if not name.endswith(".lck")}


def test_all_that_is_wrong_in_a_dataset_is_mended_by_what_is_printed_and_nothing_else_is_changed(
    sharer: Owner, tmp_path: Path
) -> None:
    store = tmp_path / "share"
    sharer.type("git", "annex", "initremote", "cloud", "type=external", "externaltype=pyshare", f"url={store}",
                "encryption=none")  # fmt: skip
    github = tmp_path / "github.git"
    sharer.home.run("git", "init", "-q", "--bare", str(github), cwd=tmp_path)
    sharer.type("git", "remote", "add", "github", str(github))
    sharer.type("git", "config", "remote.github.annex-ignore", "true")
    (sharer.folder / "file").write_bytes(b"content")
    sharer.type("git", "annex", "add", "-q", ".")
    sharer.type("git", "commit", "-qm", "file")
    sharer.type("git", "annex", "find", "--in=cloud")  # git-annex notes its cost at the first use
    before = files_of(sharer.folder), files_of(store)
    found = checks(sharer.home, sharer.folder, "cloud", "--friends", code=1)
    after = files_of(sharer.folder), files_of(store)
    assert [set(now.items()) ^ set(then.items()) for now, then in zip(after, before, strict=True)] == [set(), set()]
    wrong = {name: row["fix"] for name, row in found.items() if row["state"] != "ok"}
    assert wrong == {
        "dataset/autoenable": "git annex configremote cloud autoenable=true",
        "dataset/publish-depends": "git config --add remote.github.datalad-publish-depends cloud",
        "dataset/pushed": "datalad push --to github --data nothing",
        "friends/stored": "git annex copy --to cloud",
        "friends/clone": "datalad push --to github --data nothing",
    }
    for name in ("dataset/autoenable", "dataset/publish-depends", "friends/stored", "dataset/pushed"):
        types(sharer.home, sharer.folder, wrong[name])
    mended = checks(sharer.home, sharer.folder, "cloud", "--friends", code=0)
    assert {row["state"] for row in mended.values()} == {"ok"}
    assert {"friends/clone", "friends/read", "friends/store"} <= mended.keys()


def test_a_store_for_the_history_gets_its_first_push_by_what_is_printed(sharer: Owner, tmp_path: Path) -> None:
    sharer.type("git", "annex", "initremote", "cloud", "type=external", "externaltype=pyshare", "--with-url",
                f"url={tmp_path / 'share'}", "encryption=none", "autoenable=true")  # fmt: skip
    (sharer.folder / "file").write_bytes(b"content")
    sharer.type("git", "annex", "add", "-q", ".")
    sharer.type("git", "commit", "-qm", "file")
    found = checks(sharer.home, sharer.folder, code=1)
    assert found["dataset/history"]["state"] == "problem"
    types(sharer.home, sharer.folder, found["dataset/history"]["fix"])
    mended = checks(sharer.home, sharer.folder, code=0)
    assert mended["dataset/history"]["state"] == "ok"
    assert mended["dataset/pushed"]["state"] == "ok"


def test_a_friend_types_what_is_printed_until_a_remote_is_enabled_and_verified(
    dav: ScriptedDAV, repository: Repository, bob: Home
) -> None:
    repository.initremote(f"{dav.url}/dav", name="cloud")
    repository.add({"file": b"content"})
    repository.annex("copy", "--to", "cloud")
    clone, _ = repository.cloned(bob)
    dav.forget()
    found = checks(bob, clone.folder, code=0)
    assert found["dataset/enabled"]["fix"] == "git annex enableremote cloud"
    types(bob, clone.folder, found["dataset/enabled"]["fix"])
    dav.forget()
    found = checks(bob, clone.folder, "cloud", code=1)
    assert found["dataset/verified"]["state"] == "problem"
    assert found["server/verified"]["state"] == "unknown"
    assert "login/login" not in found
    assert dav.requests == []
    told = types(bob, clone.folder, found["server/verified"]["fix"])
    (line,) = (line for line in told.splitlines() if "If so, run:" in line)
    types(bob, clone.folder, line.split("run:")[1])
    mended = checks(bob, clone.folder, "cloud", code=0)
    assert mended["dataset/verified"]["state"] == "ok"
    assert mended["server/put"]["state"] == "ok"
    assert "PUT" in dav.methods()


def test_a_login_is_asked_for_tried_and_said_where_it_is_kept(dav: ScriptedDAV, repository: Repository) -> None:
    repository.initremote(f"{dav.url}/dav", name="cloud")
    dav.login = ("bob", PASSWORD)
    found = checks(repository.home, repository.folder, code=1)
    assert found["login/login"]["text"].startswith("none is kept for 127.0.0.1:")
    types(repository.home, repository.folder, found["server/permission"]["fix"], f"bob\n{PASSWORD}\n")
    found = checks(repository.home, repository.folder, code=0)
    assert found["login/login"]["text"] == "bob (private file), accepted by the server"
    dav.login = ("bob", "another-word")
    found = checks(repository.home, repository.folder, code=1)
    assert "refuse" in found["login/login"]["text"]
    types(repository.home, repository.folder, found["login/login"]["fix"], "bob\nanother-word\n")
    assert checks(repository.home, repository.folder, code=0)["login/login"]["state"] == "ok"


def test_what_a_lying_server_needs_is_typed_and_helps(dav: ScriptedDAV, repository: Repository) -> None:
    repository.initremote(f"{dav.url}/dav", name="cloud")
    dav.on_put = lambda _seen: {"OC-FileId": "1oc"}  # it claims to be one whose PUT is atomic
    dav.script(Rule("PUT", Play(keeps=True), "-cut", times=-1))
    dav.knows_ranges = False
    printed = doctor(repository.home, repository.folder, "cloud", code=1)
    fixes = [line.rpartition(" → ")[2] for line in printed.splitlines() if line[:2] in {"✗ ", "! "}]
    assert printed.endswith(f"1 problem, 2 hints.\nNext, type: {fixes[-1]}\n")
    assert fixes == [
        "git config datalad.runtime.max-annex-jobs 8",
        "git annex enableremote cloud chunk=50MiB",
        "git config remote.cloud.pyshare-put move",
    ]
    for fix in fixes:
        types(repository.home, repository.folder, fix)
    printed = doctor(repository.home, repository.folder, "cloud", code=0)
    assert {line[0] for line in printed.splitlines()[:-1] if line not in TITLES} == {"✓"}
    assert printed.endswith("\nNothing is wrong.\n")


def test_a_proxy_that_only_git_knows_is_told_to_the_environment(dav: ScriptedDAV, repository: Repository) -> None:
    repository.initremote("http://127.0.0.1:9/dav", name="cloud")
    repository.git("config", "remote.cloud.pyshare-timeout", "0.3")
    repository.git("config", "http.proxy", dav.url)
    found = checks(repository.home, repository.folder, "cloud", code=1)
    dav.url = "http://127.0.0.1:9"  # what clients call it
    told = types(repository.home, repository.folder, f"{found['server/proxy']['fix']}; pyshare doctor cloud || true")
    assert "✗" not in told
    assert "reads them back unchanged" in told


def test_a_certificate_of_an_unknown_authority_is_trusted_by_what_is_printed(
    repository: Repository, tmp_path: Path
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "own ca.pem"))
    with served(ScriptedDAV(), context) as secure:
        secure.folders.add("/dav")
        repository.initremote(f"{secure.url}/dav", name="cloud", check=False)
        found = checks(repository.home, repository.folder, "cloud", code=1)
        types(repository.home, repository.folder, found["server/certificate"]["fix"], FILE=str(tmp_path / "own ca.pem"))
        assert checks(repository.home, repository.folder, "cloud", code=0)["server/put"]["state"] == "ok"


def test_outside_of_a_dataset_only_the_machine_is_looked_at(alice: Home) -> None:
    printed = doctor(alice, alice.folder, code=0)
    assert [line for line in printed.splitlines() if line in TITLES] == ["Machine"]
    (alice.folder / "new").mkdir()
    alice.run("git", "init", "-q", cwd=alice.folder / "new")
    assert checks(alice, alice.folder / "new", code=0)["dataset/remotes"]["fix"] == "pyshare init"
    assert "is in no git repository" in doctor(alice, alice.folder, "cloud", code=2)


def test_requests_are_shown_without_secrets_and_the_bundle_has_none(
    dav: ScriptedDAV, repository: Repository, tmp_path: Path
) -> None:
    token = "L1nkT0k3nThatOpens"
    secrets = (
        PASSWORD,
        "proxy-pw-77",
        "hdr-tok-88",
        "url-pw-99",
        token,
        "env-tok-11",
        "cookie-55",
        "hdr-tok-66",
        "An0therL1nk",
    )
    home = repository.home
    home.environment.update({"WEBDAV_USERNAME": "bob", "WEBDAV_PASSWORD": PASSWORD, "MY_API_TOKEN": "env-tok-11"})
    dav.login = ("bob", PASSWORD)
    repository.initremote(f"{dav.url}/dav", name="cloud")
    dav.folders.add(f"/public.php/dav/files/{token}")
    link = ("type=external", "externaltype=pyshare", f"url={dav.url}/s/{token}", "autoenable=true")
    repository.annex("initremote", "cloud-link", "--sameas=cloud", *link, check=False)
    repository.git("config", "http.proxy", "http://al:proxy-pw-77@127.0.0.1:9")
    repository.git("config", "http.extraHeader", "Authorization: Bearer hdr-tok-88")
    repository.git("config", "remote.cloud.pyshare-header", "Cookie: cookie-55")
    repository.git("config", "annex.http-headers", "X-Key: hdr-tok-66")
    query = "type=external&externaltype=pyshare&url=https%3A%2F%2Fh%2Fs%2FAn0therL1nk"
    repository.git("config", "remote.other.url", f"annex::1111-2222?{query}")
    repository.git("remote", "add", "github", "https://alice:url-pw-99@127.0.0.1:9/x.git")
    bundle = tmp_path / "report.zip"
    done = home.run("pyshare", "doctor", "-v", "--bundle", str(bundle), cwd=repository.folder, check=False)
    assert "PUT 127.0.0.1" in done.stderr
    with zipfile.ZipFile(bundle) as opened:
        texts = {name: opened.read(name).decode() for name in opened.namelist()}
    assert set(texts) == {"checks.json", "versions.txt", "git-config.txt", "remotes.json", "requests.log"}
    assert "remote.cloud.annex-externaltype=pyshare" in texts["git-config.txt"]
    assert "PUT 127.0.0.1" in texts["requests.log"]
    assert re.search(r"(?m)^git-annex 10\.\d+-g[0-9a-f]+$", texts["versions.txt"])
    assert json.loads(texts["checks.json"])["checks"]
    everything = "".join(texts.values())
    assert [secret for secret in secrets if secret in everything] == []
    assert "remote.other.url=annex::1111-2222?…" in texts["git-config.txt"]
    assert PASSWORD not in done.stdout + done.stderr
    again = home.run("pyshare", "doctor", "--bundle", str(bundle), cwd=repository.folder, check=False)
    assert again.returncode == 2
    types(home, repository.folder, f"{again.stderr.rpartition('name: ')[2].strip()} || true")
    assert Path(f"{bundle}.new.zip").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_doctor_that_is_stopped_leaves_nothing_at_the_server(
    number: signal.Signals, dav: ScriptedDAV, repository: Repository
) -> None:
    repository.initremote(f"{dav.url}/dav", name="cloud")
    before = set(dav.folders), dict(dav.objects)
    dav.forget()
    dav.script(Rule("GET", Play(wait=30)))
    words = ("pyshare", "doctor", "cloud")
    with subprocess.Popen(
        words, cwd=repository.folder, env=repository.home.environment, stdout=subprocess.DEVNULL
    ) as running:
        end = time.monotonic() + 60
        while "GET" not in dav.methods() and time.monotonic() < end:
            time.sleep(0.02)
        assert dav.objects.keys() > before[1].keys()
        os.kill(running.pid, number)
        assert running.wait(60) == 128 + number
    assert (dav.folders, dav.objects) == before


def test_words_of_a_server_give_no_orders_to_the_terminal(dav: ScriptedDAV, repository: Repository) -> None:
    repository.initremote(f"{dav.url}/dav", name="cloud")
    dav.server_name = "Evil\x1b]0;owned\x07"
    dav.decide = lambda seen: answer(403, b"\x1b[2J", Content_Type="text/plain") if seen.method == "PUT" else None
    printed = doctor(repository.home, repository.folder, code=1)
    assert "\x1b" not in printed
    assert "Evil" in printed


def test_for_many_small_files_hashing_is_put_off_by_what_is_printed_and_still_finds_damage(
    repository: Repository, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    repository.initremote(str(store), {"layout": "flat"}, name="lab")
    repository.add({f"f{number}": b"%d" % number for number in range(100)})
    repository.annex("move", "-q", "--to", "lab")
    found = checks(repository.home, repository.folder, code=0)["dataset/hashing"]
    assert found["text"].startswith("lab: git-annex watches each of 100 small files")

    types(repository.home, repository.folder, found["fix"])

    assert "dataset/hashing" not in checks(repository.home, repository.folder, code=0)
    damaged = store / repository.key("f1")
    damaged.chmod(0o644)
    damaged.write_bytes(b"0")
    assert repository.annex("get", "-q", ".", check=False).returncode == 1
    assert repository.annex("find", "--not", "--in=here").stdout == "f1\n"


def test_of_few_files_or_large_ones_hashing_is_not_mentioned(repository: Repository, tmp_path: Path) -> None:
    repository.initremote(str(tmp_path / "store"), name="lab")
    repository.add({f"f{number}": b"%d" % number for number in range(99)})
    repository.annex("move", "-q", "--to", "lab")
    assert "dataset/hashing" not in checks(repository.home, repository.folder, code=0)
