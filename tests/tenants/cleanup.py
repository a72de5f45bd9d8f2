"""Partners whose rows are committed, and taking them away again."""

from collections.abc import Sequence

from django.db import connection

from governance.actors import command_actor
from tenants.models import Domain, Partner, Wakeup
from tenants.postgres import roles, schemas
from tenants.services.provisioning import provision_partner, schema_of


def set_up(slugs: Sequence[str]) -> None:
    """Set up partners for good."""
    for slug in slugs:
        provision_partner(
            command_actor("tests"),
            name=slug,
            slug=slug,
            owner_email="owner@quince.example",
            owner_name="Owner",
        )


def take_away(slugs: Sequence[str]) -> None:
    """Remove partners with their schemas; those that are not there do no harm."""
    names = [schema_of(slug) for slug in slugs]
    Domain.objects.filter(tenant__slug__in=slugs).delete()
    Wakeup.objects.filter(schema_name__in=names).delete()
    for partner in Partner.objects.filter(slug__in=slugs):
        partner.delete()
    with roles.owner_connection(autocommit=True) as owner:
        owner.execute("SET lock_timeout = '10s'")
        for name in names:
            schemas.drop_schema(owner, name)


def schema_names() -> set[str]:
    """Return the partners' schemas that are there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'p\\_%'")
        return {str(row[0]) for row in cursor.fetchall()}
