"""The least that an external remote can be: it links files into git-annex's place, with no server and no checks.

`floor.py` installs it as the program of `externaltype=linking`; `folder=` says where its objects are.
"""

import os
import shutil
import sys
from contextlib import suppress


def reply(request: str, folder: str) -> str:
    """What to say to a request that needs no question back."""
    word, _, rest = request.partition(" ")
    direction, _, more = rest.partition(" ")
    if word == "TRANSFER":
        key, _, file = more.partition(" ")
        transfer(direction, os.path.join(folder, key), file)
        return f"TRANSFER-SUCCESS {direction} {key}"
    if word == "CHECKPRESENT":
        return f"CHECKPRESENT-{'SUCCESS' if os.path.exists(os.path.join(folder, rest)) else 'FAILURE'} {rest}"
    if word == "REMOVE":
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, rest))
        return f"REMOVE-SUCCESS {rest}"
    known = {"LISTCONFIGS": "CONFIG folder where objects are\nCONFIGEND", "INITREMOTE": "INITREMOTE-SUCCESS"}
    return known.get(word, "UNSUPPORTED-REQUEST")


def transfer(direction: str, place: str, file: str) -> None:
    """Copy there, link back."""
    if direction == "STORE":
        shutil.copyfile(file, place)
    else:
        os.link(place, file)


def main() -> None:
    """Serve git-annex's jobs, one request after the other: none takes longer than a link."""
    folder = ""
    say("VERSION 2")
    for line in sys.stdin:
        tag, request = untagged(line.removesuffix("\n"))
        if request.startswith("EXTENSIONS"):
            say("EXTENSIONS ASYNC")
        elif request == "PREPARE":
            say("GETCONFIG folder", tag)
        elif request.startswith("VALUE "):
            folder = request.removeprefix("VALUE ")
            say("PREPARE-SUCCESS", tag)
        else:
            say(reply(request, folder), tag)


def untagged(line: str) -> tuple[str, str]:
    """The mark of a job (`J 3 `), and what git-annex asks it."""
    if not line.startswith("J "):
        return "", line
    _, number, request = line.split(" ", 2)
    return f"J {number} ", request


def say(lines: str, tag: str = "") -> None:
    """Send lines of one job."""
    sys.stdout.write("".join(f"{tag}{line}\n" for line in lines.split("\n")))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
