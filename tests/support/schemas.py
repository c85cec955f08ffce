"""Holds what `pyshare … --json` prints against the schemas that users read: docs/reference/json/COMMAND.json."""

import json
from collections.abc import Sequence
from functools import cache

from jsonschema import Draft202012Validator

from support.checkout import CHECKOUT

FOLDER = CHECKOUT / "docs" / "reference" / "json"

BY_LINE = {"restore", "verify"}
"""Commands that print an object for each file, one a line."""


@cache
def schema_of(command: str) -> Draft202012Validator:
    schema = json.loads((FOLDER / f"{command}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def hold(words: Sequence[object], out: str) -> None:
    """Compare standard output with the schema, if these words of `pyshare` ask for JSON."""
    name = next((str(word) for word in words if not str(word).startswith("-")), "")
    if "--json" not in words or not (FOLDER / f"{name}.json").exists():
        return
    documents = out.splitlines() if name in BY_LINE else [out] if out else []
    for document in documents:
        schema_of(name).validate(json.loads(document))
