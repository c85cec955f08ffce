"""Marks of tests that take minutes, and that a shorter test of the same covers in part."""

import pytest

from support.places import PLACES
from support.s3_servers import S3_SERVERS

LONG = [pytest.mark.long, pytest.mark.skipif("'long' not in config.option.markexpr", reason="run it with -m long")]
"""For a test, or for one of its parameters, that runs only when `-m long` names it."""

ALWAYS = ("folder", "apache", "moto", "dropbox")
"""One place of each kind."""

OTHERS = tuple(
    name for name in (each if isinstance(each, str) else str(each.values[0]) for each in PLACES) if name not in ALWAYS
)
"""Other servers of these kinds."""

SOME_PLACES = (*ALWAYS, *(pytest.param(place, marks=LONG) for place in OTHERS))
"""All places; the other servers only with -m long."""

ONE_S3_SERVER = (*(pytest.param(name, marks=LONG) for name in ("rclone_s3", "moto")), S3_SERVERS[-1])
"""Ceph, which is strictest about S3; the others only with -m long."""
