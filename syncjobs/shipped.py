"""What was ever shipped, by its hash: a partner's copy that is none of it was edited there. Pure.

`blueprints/shipped.json` is written by `make shipped` once a blueprint or a mapping of the product
has changed:

    {"blueprints": {slug: {version: [hash, …]}}, "mappings": {"connector/name": [hash, …]}}

Entries stay for good. Early versions had several contents; one that changes today needs a number
of its own.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from governance.hashing import json_hash
from mappings.documents import document_hash, plain_document
from syncjobs.blueprints import BLUEPRINTS

FILES: Final = Path(__file__).resolve().parent / "blueprints"
_KEPT: Final = FILES / "shipped.json"
_SHORT: Final = 16
# The shipped version that the partner decided against, kept beside the content and no part of it.
DECLINED: Final = "declined"


class Unversioned(ValueError):
    """A blueprint has other content than the same version had before."""


@lru_cache(maxsize=1)
def _known() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_KEPT.read_text())
    return found


def content_hash(definition: Mapping[str, object]) -> str:
    """Return the hash of what a blueprint says, which a decision about a shipped one leaves."""
    return json_hash({name: one for name, one in definition.items() if name != DECLINED})


def is_as_shipped(slug: str, definition: Mapping[str, object]) -> bool:
    """Say whether a blueprint is as some version of the product brought it."""
    versions = _known()["blueprints"].get(slug, {})
    return any(_short(content_hash(definition)) in hashes for hashes in versions.values())


def is_shipped_mapping(connector: str, name: str, hash_: str) -> bool:
    """Say whether a document of this hash was ever shipped as this mapping."""
    return _short(hash_) in _known()["mappings"].get(f"{connector}/{name}", [])


@lru_cache(maxsize=256)
def shipped_mapping(connector: str, name: str) -> dict[str, Any] | None:
    """Return the shipped file of a mapping, None when there is none."""
    path = FILES / "mappings" / connector / f"{name}.json"
    if not path.is_file():
        return None
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@lru_cache(maxsize=256)
def shipped_hash(connector: str, name: str) -> str:
    """Return the hash of a shipped mapping's rules, "" when there is none."""
    shipped = shipped_mapping(connector, name)
    return document_hash(plain_document(shipped["document"])) if shipped else ""


def with_today(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the list with what the product ships now. Raises Unversioned."""
    blueprints = {slug: dict(one) for slug, one in known["blueprints"].items()}
    for slug, shape in BLUEPRINTS.items():
        versions = blueprints.setdefault(slug, {})
        now = _short(json_hash(shape))
        if now not in versions.setdefault(str(shape["version"]), [now]):
            raise Unversioned(
                f"{slug} has changed, and partners have version {shape['version']} of it: "
                "raise its version, then run `make shipped`."
            )
    mappings = {place: list(one) for place, one in known["mappings"].items()}
    for path in sorted((FILES / "mappings").glob("*/*.json")):
        hashes = mappings.setdefault(f"{path.parent.name}/{path.stem}", [])
        now = _short(shipped_hash(path.parent.name, path.stem))
        if now not in hashes:
            hashes.append(now)
    return {"blueprints": blueprints, "mappings": mappings}


def _short(hash_: str) -> str:
    return hash_[:_SHORT]


if __name__ == "__main__":
    _KEPT.write_text(json.dumps(with_today(_known()), indent=1, sort_keys=True) + "\n")
