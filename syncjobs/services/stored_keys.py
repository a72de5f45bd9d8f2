"""Whether this process has the master key that partners' stored credentials need."""

from collections.abc import Iterator

from django.db import ProgrammingError, transaction

from syncjobs.services.secrets import PUBLIC, keys_open
from tenants.context import schema_scope
from tenants.services.diagnosis.finding import Finding, fail, ok
from tenants.services.suspension import working_schemas

_LOOKED_AT = 100
_NAMED = 5


def _opens(schema: str) -> bool:
    try:
        with transaction.atomic(), schema_scope(schema):
            return keys_open()
    except ProgrammingError:
        return True  # it has no such table: another check says so


def check_stored_credentials() -> Iterator[Finding]:
    """Open the data keys of some active partners, without reading any credential."""
    schemas = sorted(working_schemas())[:_LOOKED_AT]
    shut = [schema for schema in schemas if not _opens(schema)]
    name = "stored credentials"
    if not _opens(PUBLIC):
        yield fail(
            name,
            "The master key does not open what seals the operators' second factors.",
            "Set the LIVERY_MASTER_KEY that sealed them, or add it to LIVERY_PREVIOUS_MASTER_KEYS. "
            "Recovery codes and passkeys open meanwhile.",
        )
    if not shut:
        yield ok(name, _told(len(schemas)))
        return
    named = ", ".join(shut[:_NAMED]) + (", …" if len(shut) > _NAMED else "")
    yield fail(
        name,
        f"The master key does not open those of {len(shut)} of {len(schemas)} partners: {named}.",
        "Set the LIVERY_MASTER_KEY that sealed them, or add it to LIVERY_PREVIOUS_MASTER_KEYS. "
        "What is due waits and goes on by itself then.",
    )


def _told(count: int) -> str:
    partners = "the 1 partner" if count == 1 else f"the {count} partners"
    return f"The master key opens those of {partners} looked at."
