"""git-annex-remote-pyshare: the data of a dataset, where a friend can get it."""

__version__ = "0.1.0"
