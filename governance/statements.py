"""What a seal says, word for word, and its signature. Pure.

A statement is one line of JSON; exactly these bytes are signed and hashed, and kept as they are,
so that nobody who checks them has to write JSON in the same way as we do.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FIRST_PREVIOUS: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Statement:
    """One seal: which entries of which trail, in which order, following which seal.

    trail: the schema's name. number: 1, 2, 3 … at, oldest: seconds since 1970 (when it was
    sealed; the oldest entry in it). ids: the entries, as `packed_ids`. total: entries sealed
    up to here. top: the greatest id so far. root: of the Merkle tree over the entries in the
    order of their ids. previous: `hash_of` the statement before. seen: PostgreSQL's snapshot
    up to which all is sealed. cluster: which database server that was. key: the public key.
    """

    trail: str
    number: int
    at: float
    oldest: float
    ids: str
    count: int
    total: int
    top: int
    root: str
    previous: str
    seen: str
    cluster: str
    key: str

    def text(self) -> str:
        """Return the line that is signed."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))


def statement_from(text: str) -> Statement:
    """Read a line that `text` wrote. Raises ValueError for anything else."""
    try:
        return Statement(**json.loads(text))
    except TypeError as error:
        raise ValueError(f"This is no statement of a seal: {error}.") from error


def hash_of(text: str) -> str:
    """Return what the next seal names as `previous`: 64 hexadecimal digits."""
    return sha256(text.encode()).hexdigest()


def packed_ids(ids: Sequence[int]) -> str:
    """Write ascending ids as ranges: [1, 2, 3, 7] is "1-3,7"."""
    if not ids:
        return ""
    starts = [ids[0], *(after for before, after in pairwise(ids) if after != before + 1)]
    ends = [*(before for before, after in pairwise(ids) if after != before + 1), ids[-1]]
    return ",".join(
        str(start) if start == end else f"{start}-{end}"
        for start, end in zip(starts, ends, strict=True)
    )


def unpacked_ids(text: str) -> Iterable[int]:
    """Yield what `packed_ids` wrote. Raises ValueError for anything else."""
    for part in text.split(",") if text else ():
        start, _, end = part.partition("-")
        yield from range(int(start), int(end or start) + 1)


def public_key_of(key: Ed25519PrivateKey) -> str:
    """Return the public key that belongs to `key`: 64 hexadecimal digits."""
    return key.public_key().public_bytes_raw().hex()


def sign(text: str, key: Ed25519PrivateKey) -> str:
    """Return the signature under `text`: 128 hexadecimal digits."""
    return key.sign(text.encode()).hex()


def is_signed(text: str, signature: str, public_key: str) -> bool:
    """Say whether the owner of `public_key` signed exactly this text."""
    try:
        known = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        known.verify(bytes.fromhex(signature), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True
