"""Who may change a field: the system of record decides. Pure."""

from collections.abc import Mapping
from typing import Literal

from mappings.canonical.registry import schema

Decision = Literal["keep", "take", "conflict"]


def owner_of(object_type: str, field: str, rules: Mapping[tuple[str, str], str]) -> str:
    """Return the kind of system that owns a field.

    The field's own rule first, then the object's, then the canonical model's default.
    """
    return (
        rules.get((object_type, field))
        or rules.get((object_type, ""))
        or schema(object_type).owner_kind
    )


def decide(field_owner: str, source: str, incoming: object, current: object) -> Decision:
    """Say what becomes of one incoming field.

    The owner's value is taken; another system fills what is empty, and where it disagrees
    with what is there the owner's value is kept. "any" lets the latest win; "nobody" makes
    a disagreement a conflict for a person.
    """
    if incoming == current:
        return "keep"
    if field_owner in (source, "any") or current in (None, ""):
        return "take"
    return "conflict" if field_owner == "nobody" else "keep"
