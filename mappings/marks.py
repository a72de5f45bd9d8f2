"""Short signs of what a part of a page shows, so that an answer leaves out what is shown already.

Each part carries its own mark and brings it back with the form. Pure.
"""

from hashlib import blake2s


def mark_of(name: str, *parts: object) -> str:
    """Return the mark of a part that shows `parts`: the same for the same, in any process."""
    return f"{name}-{blake2s(repr(parts).encode(), digest_size=5).hexdigest()}"
