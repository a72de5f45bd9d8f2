"""A partner's rules on who owns what."""

from django.db.models import F, Q

from mappings.models import OwnershipRule
from mappings.ownership import Owners
from mappings.services.custom_fields import custom_fields


def owners_of(object_type: str, client_id: int | None) -> Owners:
    """Return who owns an object's fields for a client: its own rules before the partner's."""
    mine = Q(client=None) if client_id is None else Q(client=None) | Q(client_id=client_id)
    rows = OwnershipRule.objects.filter(mine, object=object_type)
    ordered = rows.order_by(F("client").asc(nulls_first=True))
    rules = {row.field: row.owner for row in ordered}
    return Owners(object_type, rules, custom_fields(object_type))
