"""What a store holds that people read: every file by its name, seen without the program under test."""

from pathlib import Path

from support.places import SharedPlace


def stored_tree(place: SharedPlace) -> dict[str, bytes]:
    """All files below the store's address, name → content; also those that should not be there."""
    url = place.settings["url"]
    root = Path(url)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if not path.is_dir()}
