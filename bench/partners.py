"""Partners of the bench: set up, and taken away with everything in them."""

from collections.abc import Sequence

from governance.actors import command_actor
from tenants.context import public_scope
from tenants.models import Domain, Partner, Wakeup
from tenants.postgres import roles, schemas
from tenants.services.provisioning import provision_partner, schema_of


def provision(slug: str, name: str) -> None:
    """Set up one partner. Call it inside a correlation scope."""
    provision_partner(
        command_actor("bench"),
        name=name,
        slug=slug,
        owner_email="owner@bench.example",
        owner_name="Bench Owner",
    )


def take_away(slugs: Sequence[str]) -> None:
    """Remove partners and their schemas; those that are not there are no error."""
    with public_scope():
        Domain.objects.filter(tenant__slug__in=slugs).delete()
        Wakeup.objects.filter(schema_name__in=[schema_of(slug) for slug in slugs]).delete()
        Partner.objects.filter(slug__in=slugs)._raw_delete("default")
    with roles.owner_connection(autocommit=True) as owner:
        for slug in slugs:
            schemas.drop_schema(owner, schema_of(slug))
