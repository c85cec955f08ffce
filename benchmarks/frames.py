"""Counts our own functions between a request of git-annex and the socket, for one key on WebDAV and S3.

    python benchmarks/frames.py [--show]

The servers are the scripted ones of the tests, in the same process; `--show` prints each walk.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.davkit import lazy
from support.fakes.dav import ScriptedDAV
from support.fakes.s3 import ScriptedS3
from support.s3kit import place_at
from support.scripted import served
from support.walks import walks

from git_annex_remote_pyshare.backends.s3.lazy import LazyS3


def main() -> None:
    """Print the table."""
    with TemporaryDirectory() as folder, served(ScriptedDAV()) as dav, served(ScriptedS3()) as s3:
        s3.buckets.add("bucket")
        for kind, store in {"webdav": lazy(f"{dav.url}/dav"), "s3": LazyS3(place_at(s3))}.items():
            where = Path(folder) / kind
            where.mkdir()
            for name, functions in walks(store, where).items():
                print(f"{kind:8} {name:10} {len(functions):3}")
                if "--show" in sys.argv:
                    print("".join(f"    {function}\n" for function in functions))


if __name__ == "__main__":
    main()
