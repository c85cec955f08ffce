"""Talks to git-annex: framing, extensions and parallel jobs; knows no network and no backend."""
