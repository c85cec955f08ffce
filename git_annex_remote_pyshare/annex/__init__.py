"""Connects git-annex to the store: the protocol, keys and layouts, and the operation for each request."""
