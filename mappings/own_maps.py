"""The value map that a rule can have for itself: its name says whose it is. Pure."""

import re
from collections.abc import Iterator, Mapping

from mappings.documents import objects_in, rules_of

Record = Mapping[str, object]


def own_map_name(slug: str, target: str) -> str:
    """Return the name of the value map of the rule that fills `target` in the mapping `slug`."""
    return re.sub(r"[^a-z0-9_-]+", "-", f"{slug[:35]}-{target.lower()}")[:60].strip("-")


def own_maps_in(document: Record, slug: str) -> Iterator[tuple[str, str]]:
    """Give (name, target) of each value map that a rule of the document has for itself."""
    for rule in rules_of(document):
        name = own_map_name(slug, str(rule.get("target") or ""))
        for lookup in objects_in([rule.get("lookup")]):
            if lookup.get("value_map") == name:
                yield name, str(rule.get("target"))
