"""What the line itself allows: the same files sent and fetched by curl, over one connection or several."""

from collections.abc import Iterator

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


def _curl(workspace: Workspace, config: str, streams: int) -> Watched:
    file = workspace.folder / "curl.conf"
    file.write_text(config)
    parallel = ("--parallel", "--parallel-immediate", "--parallel-max", str(streams)) if streams > 1 else ()
    watched = watch(("curl", "-q", *parallel, "-K", str(file)), workspace.folder, workspace.environment, "")
    if watched.returncode:
        raise SystemExit(f"curl failed\n{watched.output}")
    return watched
