"""What a store holds that people read: every file by its name, seen without the program under test."""

from collections.abc import Mapping
from pathlib import Path

from support.places import SharedPlace


def stored_tree(place: SharedPlace) -> dict[str, bytes]:
    """All files below the store's address, name → content; also those that should not be there."""
    url = place.settings["url"]
    root = Path(url)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if not path.is_dir()}


class People:
    """People who work in the folder of a store without git-annex."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, name: str, content: bytes) -> None:
        """Write a file, or change it."""
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def write_all(self, files: Mapping[str, bytes]) -> None:
        """Write these files."""
        for name, content in files.items():
            self.write(name, content)

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self._root / name).unlink()

    def move(self, name: str, new_name: str) -> None:
        """Give a file another name."""
        (self._root / new_name).parent.mkdir(parents=True, exist_ok=True)
        (self._root / name).rename(self._root / new_name)


def people_of(place: SharedPlace) -> People:
    """Those who work in the folder of a place."""
    return People(Path(place.settings["url"]))
