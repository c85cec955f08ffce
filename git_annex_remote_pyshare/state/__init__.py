"""Keeps files below .git/annex/pyshare for a later process, and locks between processes."""
