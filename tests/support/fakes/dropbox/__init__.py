"""A Dropbox that the unmodified official SDK accepts."""
