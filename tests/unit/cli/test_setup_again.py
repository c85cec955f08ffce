"""A second `pyshare init`, and the command that it prints to go on."""

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.cli.init.answers import NOWHERE, Answers
from git_annex_remote_pyshare.cli.init.here import State
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.config.git_config import LocalConfig


def test_the_command_to_go_on_makes_the_dataset_if_there_was_none() -> None:
    answers = Answers("disk", {"url": "/mnt/disk"}, "me", NOWHERE)
    assert "--create" not in answers.command()
    assert answers._replace(begins_dataset=True).command().endswith("--create --yes")


def test_a_key_that_git_annex_used_once_is_no_other_setting() -> None:
    place = StoreConfig("/mnt/disk", {"url": "/mnt/disk"}, LocalConfig("", "disk"))
    state = State(Remote(place, "uuid", {"url": "/mnt/disk", "encryption": "hybrid"}))
    state.require_same("/mnt/disk", {"url": "/mnt/disk", "encryption": "hybrid", "keyid": "a@example.org"})
