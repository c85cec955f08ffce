"""What a store holds that people read: every file by its name, seen without the program under test."""

from support.places import SharedPlace


def stored_tree(place: SharedPlace) -> dict[str, bytes]:
    """All files below the store's address, name → content; also those that should not be there."""
    return dict(place.stored())
