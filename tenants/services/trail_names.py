"""Whose audit trail: from what an operator types to the schema that holds it."""

from django.core.management.base import CommandError
from django_tenants.utils import get_public_schema_name

from tenants.context import public_scope
from tenants.models import Partner

OPERATORS = "operators"


def all_trails() -> list[str]:
    """Return every schema that has a trail, the operators' first."""
    with public_scope():
        partners = Partner.objects.exclude(status=Partner.Status.PROVISIONING)
        names = partners.order_by("schema_name").values_list("schema_name", flat=True)
        return [get_public_schema_name(), *names]


def trail_named(name: str) -> str:
    """Return the schema of a partner's slug, or of “operators”. Raises CommandError."""
    if name == OPERATORS:
        return str(get_public_schema_name())
    with public_scope():
        partner = Partner.objects.filter(slug=name).first()
    if partner is None:
        raise CommandError(
            f"There is no partner {name!r}. Use the slug from the console, or “{OPERATORS}”."
        )
    return str(partner.schema_name)
