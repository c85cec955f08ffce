"""git-annex-remote-pyshare: a git-annex special remote that shares the data of a dataset."""

__version__ = "0.1.0"
