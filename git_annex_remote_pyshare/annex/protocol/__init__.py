"""Speaks git-annex's protocol: many jobs in one process, one well-formed reply to each request."""
