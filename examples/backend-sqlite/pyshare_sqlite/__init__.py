"""A backend in a package of its own: objects in an SQLite file."""
