"""Dropbox: a folder in the user's own account, or one that its owner shares by a link."""
