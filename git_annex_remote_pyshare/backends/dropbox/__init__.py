"""Dropbox: the account of the user, or a folder that somebody shares by a link."""
