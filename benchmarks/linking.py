"""The least that an external remote can be: it links files into git-annex's place, with no server and no checks.

`floor.py` installs it as the program of `externaltype=linking`; `folder=` says where its objects are, and `delay=`
after how many seconds each request is answered, as if by a server that far away.
"""

import os
import shutil
import sys
from contextlib import suppress
from threading import Timer

CONFIGS = "CONFIG folder where objects are\nCONFIG delay seconds\nCONFIGEND"


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
    known = {"LISTCONFIGS": CONFIGS, "INITREMOTE": "INITREMOTE-SUCCESS"}
    return known.get(word, "UNSUPPORTED-REQUEST")


def transfer(direction: str, place: str, file: str) -> None:
    """Copy there, link back."""
    if direction == "STORE":
        shutil.copyfile(file, place)
    else:
        os.link(place, file)


def main() -> None:
    """Serve git-annex's jobs: what is done at once in one thread, since none of it takes longer than a link."""
    folder, delay = "", 0.0
    say("VERSION 2")
    for line in sys.stdin:
        tag, request = untagged(line.removesuffix("\n"))
        if request.startswith("EXTENSIONS"):
            say("EXTENSIONS ASYNC")
        elif request == "PREPARE":
            say("GETCONFIG folder", tag)
        elif request.startswith("VALUE /"):
            folder = request.removeprefix("VALUE ")
            say("GETCONFIG delay", tag)
        elif request.startswith("VALUE "):
            delay = float(request.removeprefix("VALUE "))
            say("PREPARE-SUCCESS", tag)
        elif delay and request.startswith(("TRANSFER", "CHECKPRESENT", "REMOVE")):
            Timer(delay, answer, (request, folder, tag)).start()
        else:
            answer(request, folder, tag)


def answer(request: str, folder: str, tag: str) -> None:
    """Do what a job asks for, and tell it so."""
    say(reply(request, folder), tag)


def untagged(line: str) -> tuple[str, str]:
    """The mark of a job (`J 3 `), and what git-annex asks it."""
    if not line.startswith("J "):
        return "", line
    _, number, request = line.split(" ", 2)
    return f"J {number} ", request


def say(lines: str, tag: str = "") -> None:
    """Send lines of one job, in one write."""
    os.write(1, "".join(f"{tag}{line}\n" for line in lines.split("\n")).encode())


if __name__ == "__main__":
    main()
