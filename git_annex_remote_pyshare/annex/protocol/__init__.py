"""The conversation with git-annex: many jobs in one process, one well-formed reply for each request."""
