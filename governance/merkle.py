"""Merkle trees as RFC 6962 makes them: leaves and nodes are hashed under prefixes of their own,
so that no node can pass for an entry. Pure.

A tree of n leaves splits at the largest power of two below n; pairing neighbours level by level
and letting an odd last one rise gives the same tree.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

LEAF: Final = b"\x00"
NODE: Final = b"\x01"
HASH_BYTES: Final = 32


def leaf_hash(content: bytes) -> bytes:
    """Return the leaf of one entry."""
    return sha256(LEAF + content).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaves in their order; of none it is the hash of nothing."""
    return levels_of(leaves)[-1][0]


def levels_of(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Return all levels of the tree, the leaves first, the root alone in the last."""
    levels = [list(leaves) or [sha256(b"").digest()]]
    while len(levels[-1]) > 1:
        levels.append(_above(levels[-1]))
    return levels


def path_in(levels: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    """Return the neighbours that lead from leaf `index` to the root, lowest first."""
    path = []
    for level in levels:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1])
        index //= 2
    return path


def root_from(leaf: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that a leaf and its path lead to; None when the path does not fit."""
    waiting, node = list(path), leaf
    while count > 1:
        if index ^ 1 < count:
            if not waiting:
                return None
            other = waiting.pop(0)
            pair = other + node if index % 2 else node + other
            node = sha256(NODE + pair).digest()
        index, count = index // 2, (count + 1) // 2
    return None if waiting else node


def _above(level: list[bytes]) -> list[bytes]:
    paired = [
        sha256(NODE + left + right).digest()
        for left, right in zip(level[::2], level[1::2], strict=False)
    ]
    if len(level) % 2:
        paired.append(level[-1])
    return paired
