"""Microsoft's emulator of Azure's storage, for one container."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.servers import Missing, free_port, running

PROGRAM = "PYSHARE_TEST_AZURITE"
"""The variable with the path of `azurite-blob` (npm install azurite)."""

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The emulator's only login, which its manual tells."""


@contextmanager
def azurite(folder: Path) -> Iterator[str]:
    """The emulator; the address of its account.

    Args:
        folder: For what it prints.

    Raises:
        Missing: No variable says where it is.
    """
    program = os.environ.get(PROGRAM)
    if not program:
        raise Missing(f"Azurite (npm install azurite; {PROGRAM}=…/node_modules/.bin/azurite-blob)")
    port = free_port()
    words = [program, "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    words += ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    with running(words, port, folder):
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"
