"""Legal entities of a client, as people write them. Pure."""

from typing import Final

from governance.errors import InvalidProposal

MOST: Final = 20
LONGEST: Final = 120


def key_of_entity(name: str) -> str:
    """Return the one spelling by which two names are one entity."""
    return " ".join(name.split()).casefold()


def read_entities(text: str) -> list[str]:
    """Return the names in a text, one a line, each once. Raises InvalidProposal."""
    found = {key_of_entity(one): " ".join(one.split()) for one in text.splitlines() if one.strip()}
    if len(found) > MOST or any(len(one) > LONGEST for one in found.values()):
        raise InvalidProposal(f"Name {MOST} legal entities at most, each on a line of its own.")
    return [found[key] for key in sorted(found)]
