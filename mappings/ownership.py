"""Who may change a field: the system of record decides, at run time. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from mappings.canonical.custom import CustomFields
from mappings.canonical.registry import schema

Decision = Literal["keep", "take", "conflict"]
# Beside the kinds of systems: the latest value wins, or people decide.
ANY: Final = "any"
NOBODY: Final = "nobody"
_WORDS: Final = {ANY: "Whoever changed it last", NOBODY: "A person decides"}


def owner_words(owner: str) -> str:
    """Return an owner as people say it: `crm` as CRM."""
    return _WORDS.get(owner) or (owner.upper() if len(owner) < 5 else owner.capitalize())


def system_words(role: str) -> str:
    """Return a system by its role as a sentence has it: "CRM", "contracts system"."""
    return role.upper() if len(role) < 5 else f"{role} system"


@dataclass(frozen=True, slots=True)
class Side:
    """A value and the kind of the system that it comes from, such as crm or erp."""

    value: object
    system: str = ""


@dataclass(frozen=True, slots=True)
class Owners:
    """Which kind of system owns an object's fields.

    rules: field → kind, "" for the object as a whole; the canonical model answers where a
    partner has no rule of its own. custom: the fields that the partner added.
    """

    object_type: str
    rules: Mapping[str, str] = field(default_factory=dict)
    custom: CustomFields = field(default_factory=dict)

    def of(self, name: str) -> str:
        """Return who owns a field: its own rule, the object's, the model's for either."""
        described = schema(self.object_type)
        own = described.field(name)
        return (
            self.rules.get(name)
            or self.rules.get("")
            or (own.owner_kind if own else "")
            or described.owner_kind
        )

    @property
    def contested(self) -> frozenset[str]:
        """Return the fields that nobody owns: two systems that disagree need a person."""
        names = [one.name for one in schema(self.object_type, self.custom).fields]
        return frozenset(name for name in names if self.of(name) == NOBODY)

    def fill_only(self, kinds: Collection[str]) -> frozenset[str]:
        """Return the fields that a system of these kinds may set only where nothing is."""
        names = [one.name for one in schema(self.object_type, self.custom).fields]
        return frozenset(name for name in names if self.of(name) not in {*kinds, ANY})


def decide(name: str, incoming: Side, current: Side, owners: Owners) -> Decision:
    """Say what becomes of one incoming field.

    The owner's value is taken. Another system fills what is empty; where it disagrees with
    what is there, that stays. "any" lets the latest win; "nobody" makes a disagreement of two
    systems a conflict for a person.
    """
    if incoming.value == current.value:
        return "keep"
    owner = owners.of(name)
    if owner in (incoming.system, ANY) or current.value in (None, "", []):
        return "take"
    if owner == NOBODY:
        return "take" if incoming.system == current.system else "conflict"
    return "keep"
