"""Removing what set-ups left that were killed half-way."""

from tenants.context import public_scope
from tenants.models import Partner
from tenants.postgres import roles, schemas


def drop_leftovers() -> list[str]:
    """Drop the unfinished schemas that no partner owns and nobody works on; return them."""
    with public_scope():
        known = set(Partner.objects.values_list("schema_name", flat=True))
    with roles.owner_connection(autocommit=True) as owner:
        left = [name for name in schemas.unfinished_schemas(owner) if name not in known]
    dropped = []
    for name in left:
        try:
            with schemas.schema_work(name) as owner:
                schemas.drop_schema(owner, name)
                dropped.append(name)
        except schemas.SchemaBusyError:
            continue  # it is being set up just now
    return dropped
