"""What a signature binds: the hash of exact content, targets and base versions."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from governance.errors import InvalidProposal

_MAX_DEPTH: Final = 60


@dataclass(frozen=True)
class HashedChange:
    """The parts of one change that a signature covers. impact: the digest of its preview, ""
    while none is bound."""

    kind: str
    target_id: str
    client_id: int | None
    base_version: str
    content: Mapping[str, object]
    impact: str = ""


def content_hash(
    revision: int, changes: Sequence[HashedChange], entities: Sequence[str] = ()
) -> str:
    """Return the SHA-256 (64 hexadecimal digits) that approvers sign.

    The revision counts edits and moved bases, so that a signature never comes back to life
    when content returns to what it once was. entities: those that it is limited to.
    """
    document: dict[str, object] = {
        "revision": revision,
        "changes": [_signed(change) for change in changes],
    }
    if entities:
        document["entities"] = sorted(entities)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _signed(change: HashedChange) -> dict[str, object]:
    parts = asdict(change)
    if not change.impact:
        del parts["impact"]  # as it was signed before there were previews
    return parts


def plain_content(content: Mapping[str, object]) -> dict[str, object]:
    """Return a deep copy of `content` as JSON that the database gives back unaltered.

    Raises InvalidProposal, naming the place, for anything else: a float above all, whose
    digits the database may write differently from how they were signed.
    """
    return _plain_mapping(content, "content", _MAX_DEPTH)


def _plain_mapping(value: Mapping[str, object], place: str, depth: int) -> dict[str, object]:
    for key in value:
        if not isinstance(key, str):
            raise InvalidProposal(f"{place} has a key that is not text: {key!r}.")
        _plain_text(key, place)
    return {key: _plain(item, f"{place}.{key}", depth - 1) for key, item in value.items()}


def _plain_text(text: str, place: str) -> str:
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidProposal(f"{place} holds a character that cannot be stored.")
    return text


def _plain(value: object, place: str, depth: int) -> object:
    if depth <= 0:
        raise InvalidProposal(f"{place} is nested too deep.")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _plain_text(value, place)
    if isinstance(value, Mapping):
        return _plain_mapping(value, place, depth)
    if isinstance(value, list | tuple):
        return [_plain(item, f"{place}[{at}]", depth - 1) for at, item in enumerate(value)]
    raise InvalidProposal(f"{place} is a {type(value).__name__}; write it as text.")


def json_hash(content: Mapping[str, object]) -> str:
    """Return the SHA-256 of plain JSON: a version for objects that have no number."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
