"""A backend in a package of its own: shelves, which are folders below SHELVES that want a password."""
