"""Which system's word counts for which field, where no rule of the partner says otherwise.

The owner of an object may change all of its fields. Other systems fill in what is empty, and
may change only the fields listed here. Pure data.
"""

from typing import Final

from mappings.canonical import schema
from syncjobs.connectors import registry

_OWN_FIELDS: Final[dict[tuple[str, str], frozenset[str]]] = {
    ("customer", "erp"): frozenset({"tax_code", "payment_terms", "tax_number"}),
    ("project", "erp"): frozenset({"billing_status"}),
    ("opportunity", "erp"): frozenset({"billing_status"}),
    ("milestone", "erp"): frozenset(),
}


def fills_only(connector: str, type_: str) -> frozenset[str]:
    """Return the fields of `type_` that this connector's systems may only fill in."""
    descriptor = registry.connector(connector).descriptor
    kinds = {descriptor.kind, *descriptor.kinds}
    object_ = schema(type_)
    if object_.owner_kind in kinds:
        return frozenset()
    own: frozenset[str] = frozenset().union(
        *(_OWN_FIELDS.get((type_, kind), frozenset()) for kind in kinds)
    )
    return frozenset(field.name for field in object_.fields) - own
