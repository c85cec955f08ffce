"""Defines the command `datalad create-sibling-pyshare`: its parameters, and how its results are reported."""

import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

from datalad.distribution.dataset import Dataset, EnsureDataset, datasetmethod, require_dataset
from datalad.interface.base import Interface, build_doc, eval_results
from datalad.interface.common_opts import recursion_flag, recursion_limit
from datalad.interface.results import get_status_dict
from datalad.support.constraints import EnsureChoice, EnsureNone, EnsureStr
from datalad.support.param import Parameter

_lgr = logging.getLogger("datalad.pyshare.create_sibling_pyshare")

_ACTION = "create_sibling_pyshare"
_READY = frozenset({"keys"})
"""The modes that work already."""


@build_doc
class CreateSiblingPyshare(Interface):  # type: ignore[misc]  # DataLad ships no type information
    """Create a sibling in the storage that you already have.

    The sibling keeps file contents in a Nextcloud, ownCloud or other WebDAV folder, in an S3 bucket, in a Dropbox, or
    in a plain folder, and by default the history with them: then no Git host is needed. It is a git-annex special
    remote of the type pyshare, set up as `pyshare init` does.

    With `recursive`, the files of a subdataset go into a folder of the same relative path below URL. If the history
    goes there, too, each superdataset records in .gitmodules, as datalad-url, where its subdatasets are cloned from,
    and saves that; so `datalad get -r` finds them.

    The login is that of `pyshare login`, or the one that git-annex takes from the environment. If there is none, you
    log in now; without a terminal, the command to type is named. DataLad's credentials are not used.
    """

    _examples_ = (
        {
            "text": "Keep files and history in a folder of a Nextcloud; anyone who has a link reads them",
            "code_py": "create_sibling_pyshare(url='https://cloud.example.org/my-data', name='cloud', readers='link')",
            "code_cmd": "datalad create-sibling-pyshare -s cloud --readers link https://cloud.example.org/my-data",
        },
        {
            "text": "Keep the files of a dataset and its subdatasets in a bucket, and push them before the history to"
            " the sibling 'github'",
            "code_py": "create_sibling_pyshare(url='s3://my-bucket/my-data', history='github', recursive=True)",
            "code_cmd": "datalad create-sibling-pyshare -r --history github s3://my-bucket/my-data",
        },
    )

    _params_ = {  # noqa: RUF012  # as DataLad declares it
        "url": Parameter(
            args=("url",),
            metavar="URL",
            constraints=EnsureStr(),
            doc="""address as in your browser, s3://BUCKET/FOLDER, dropbox:/FOLDER, or the path of a folder""",
        ),
        "dataset": Parameter(
            args=("-d", "--dataset"),
            constraints=EnsureDataset() | EnsureNone(),
            doc="""dataset to create the sibling for; by default the one of the working directory""",
        ),
        "name": Parameter(
            args=("-s", "--name"),
            metavar="NAME",
            constraints=EnsureStr() | EnsureNone(),
            doc="""name of the sibling, also in subdatasets; by default that of the service, e.g. cloud, s3, dropbox,
            folder""",
        ),
        "mode": Parameter(
            args=("--mode",),
            constraints=EnsureChoice("keys", "tree"),
            doc="""'keys' keeps each version of each file under its git-annex key; 'tree' keeps the files of one version
            under their own names, and is not supported yet""",
        ),
        "readers": Parameter(
            args=("--readers",),
            constraints=EnsureChoice("link", "account", "me") | EnsureNone(),
            doc="""who may read: 'link' anyone who has the link (S3: anyone), 'account' people who log in to the service
            themselves, 'me' only you; by default no link is made""",
        ),
        "history": Parameter(
            args=("--history",),
            metavar="same|SIBLING",
            constraints=EnsureStr(),
            doc="""where the history goes: 'same' keeps it with the files, so that others clone from there; with the
            name of a sibling, each `datalad push` to that one sends the files here first""",
        ),
        "settings": Parameter(
            args=("--set",),
            dest="settings",
            metavar="NAME=VALUE",
            action="append",
            doc="""setting of git-annex or of the store, e.g. chunk=50MiB or endpoint=https://s3.example.org; can be
            given more than once""",
        ),
        "existing": Parameter(
            args=("--existing",),
            constraints=EnsureChoice("skip", "error", "reconfigure"),
            doc="""what to do if a dataset has a sibling of this name: 'skip' leaves it as it is, 'error' refuses before
            anything is made in any dataset, 'reconfigure' adds what it lacks, and never changes its address""",
        ),
        "recursive": recursion_flag,
        "recursion_limit": recursion_limit,
    }

    @staticmethod
    @datasetmethod(name="create_sibling_pyshare")  # type: ignore[untyped-decorator]  # as above
    @eval_results  # type: ignore[untyped-decorator]
    def __call__(  # noqa: D102, PLR0913  # documented by `_params_`, which are as many
        url: str,
        *,
        dataset: Dataset | str | None = None,
        name: str | None = None,
        mode: str = "keys",
        readers: str | None = None,
        history: str = "same",
        settings: list[str] | None = None,
        existing: str = "error",
        recursive: bool = False,
        recursion_limit: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        # Imported here, since `datalad --help` imports this module.
        from git_annex_remote_pyshare.datalad_extension.hierarchy import Hierarchy  # noqa: PLC0415
        from git_annex_remote_pyshare.datalad_extension.sibling import Wish, pairs  # noqa: PLC0415

        for word, value in (("mode", mode), ("readers", readers), ("existing", existing)):
            CreateSiblingPyshare._params_[word].constraints(value)  # DataLad itself checks them in a shell only
        top = require_dataset(dataset, check_installed=True, purpose="create sibling(s)")
        report = partial(get_status_dict, refds=top.path, type="sibling", logger=_lgr)
        if mode not in _READY:
            message = f"--mode {mode} is not supported yet. Leave it out: the files are then kept under their keys."
            yield report(_ACTION, path=top.path, status="impossible", message=message)
            return
        wish = Wish(url, name or "", readers or "", history, {**_MODES[mode], **pairs(settings or [])})
        siblings = Hierarchy(top, wish, existing, report)
        yield from siblings.create(recursive=recursive, recursion_limit=recursion_limit)


_MODES: dict[str, dict[str, str]] = {"keys": {}, "tree": {"exporttree": "yes"}}
"""The settings of git-annex for each mode."""
