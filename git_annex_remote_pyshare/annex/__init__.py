"""All that knows git-annex: the protocol, keys and layouts, and what each request means for the store."""
