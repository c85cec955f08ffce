"""What the line itself allows: the same files sent and fetched by curl, over one connection or several, or by scp."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from measure import Watched, watch
from remotes import SERVICES
from server import Server
from workload import GET, STORE, Load, Measured
from workspace import Workspace, remove

COMMON = 'silent\nshow-error\nfail\nhttp1.1\nheader = "Expect:"\n'


def transfer(workspace: Workspace, server: Server, load: Load, streams: int, *more: int) -> Iterator[Measured]:
    """Store and get all files of a load.

    Args:
        workspace: Where.
        server: Takes the files.
        load: Which files.
        streams: How many connections work at once.
        more: With how many they are got again, each time.
    """
    name = "curl"
    url = f"{server.url}/{name}"
    server.make_place(name)
    fetched = workspace.subfolder("fetched")
    server.requests()
    stored = 'upload-file = "{path}"\nurl = "{url}/{name}"\noutput = "/dev/null"\n'
    got = 'url = "{url}/{name}"\noutput = "{fetched}/{name}"\n'
    for phase, line, count in ((STORE, stored, streams), *((GET, got, count) for count in (streams, *more))):
        files = sorted(load.repository.glob("file*"))
        lines = (line.format(path=path, url=url, name=path.name, fetched=fetched) for path in files)
        login = SERVICES[server.service].curl.format(user=server.user, password=server.password)
        yield Measured(phase, _curl(workspace, "".join((COMMON, login, *lines)), count), server.requests())
    remove(fetched)
    server.remove_place(name)


def copy(workspace: Workspace, server: Server, load: Load) -> Iterator[Measured]:
    """Store and get all files of a load, one after the other, by scp.

    Args:
        workspace: Where.
        server: Takes the files by SFTP.
        load: Which files.
    """
    name = "scp"
    address = urlsplit(server.url)
    server.make_place(name)
    there = f"{address.hostname}:{address.path}/{name}"
    fetched = workspace.subfolder("fetched")
    files = sorted(map(str, load.repository.glob("file*")))
    for phase, words in ((STORE, (*files, there)), (GET, (f"{there}/*", str(fetched)))):
        ssh = str(server.programs[0] / "ssh")
        watched = watch(("scp", "-q", "-S", ssh, *words), workspace.folder, workspace.environment, "")
        if watched.returncode:
            raise SystemExit(f"scp failed\n{watched.output}")
        yield Measured(phase, watched, 0)
    remove(fetched)
    server.remove_place(name)


def _curl(workspace: Workspace, config: str, streams: int) -> Watched:
    file = workspace.folder / "curl.conf"
    file.write_text(config)
    parallel = ("--parallel", "--parallel-immediate", "--parallel-max", str(streams)) if streams > 1 else ()
    watched = watch(("curl", "-q", *parallel, "-K", str(file)), workspace.folder, workspace.environment, "")
    if watched.returncode:
        raise SystemExit(f"curl failed\n{watched.output}")
    return watched
