"""Brings what the product ships to a partner: blueprints that it lacks, and newer versions of
those that it has.

A blueprint runs nothing: workflows keep the version that was signed until somebody proposes the
newer one (`upgrades`). A copy that the partner edited stays as it is, for the partner to decide.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from psycopg import sql

from governance.actors import Actor
from governance.services import audit
from syncjobs import actions
from syncjobs.blueprints import BLUEPRINTS
from syncjobs.engine.rows import fetch
from syncjobs.models import Blueprint
from syncjobs.services.outdated import withdraw_outdated
from syncjobs.shipped import DECLINED, is_as_shipped
from tenants.models import Partner

_AT_ONCE: Final = 200


@transaction.atomic
def ship_blueprints(actor: Actor) -> int:
    """Give this partner the shipped blueprints that it lacks or has in an older version; return
    how many. Those that it edited stay. Asks one thing where nothing is new."""
    known = dict(fetch("SELECT slug, version FROM syncjobs_blueprint", {}))
    behind = _behind(known)
    return sum(_ship(actor, slug) if slug in known else _add(slug) for slug in behind)


def starting_blueprints(actor: Actor, partner: Partner) -> None:
    """Give a new partner the shipped blueprints."""
    ship_blueprints(actor)


def _behind(known: Mapping[str, int]) -> list[str]:
    return [slug for slug, one in BLUEPRINTS.items() if known.get(slug, 0) < one["version"]]


def _add(slug: str) -> bool:
    blueprint, made = Blueprint.objects.get_or_create(slug=slug, defaults=_as_shipped(slug))
    if made:
        _audit(blueprint, None)
    return made


def _ship(actor: Actor, slug: str) -> bool:
    """Bring one that the partner has in an older version up to date, unless it was edited."""
    row = Blueprint.objects.select_for_update().get(slug=slug)
    if row.version >= BLUEPRINTS[slug]["version"] or not is_as_shipped(slug, row.definition):
        return False
    _take(actor, row)
    return True


def _take(actor: Actor, row: Blueprint, reason: str = "", **kept: object) -> None:
    before = {"version": row.version, **kept}
    for name, value in _as_shipped(row.slug).items():
        setattr(row, name, value)
    row.save()
    _audit(row, before, reason)
    withdraw_outdated(actor, row)


def _as_shipped(slug: str) -> dict[str, Any]:
    shipped = BLUEPRINTS[slug]
    return {
        "name": shipped["name"],
        "summary": shipped["summary"],
        "definition": shipped,
        "version": shipped["version"],
    }


def _audit(row: Blueprint, before: Mapping[str, object] | None, reason: str = "") -> None:
    audit.record(
        actions.BLUEPRINT_SHIPPED if before is None else actions.BLUEPRINT_RENEWED,
        object_kind="blueprint",
        object_id=row.pk,
        object_label=row.name,
        before=before,
        after={"slug": row.slug, "version": row.version},
        reason=reason,
    )


# --- copies that the partner edited -----------------------------------------------------------


def is_edited(row: Blueprint) -> bool:
    """Say whether a shipped blueprint is here as no release ever brought it. One of a release
    after this one is not: the product was set back."""
    shipped = BLUEPRINTS.get(row.slug)
    if shipped is None or row.version > shipped["version"]:
        return False
    return not is_as_shipped(row.slug, row.definition)


def asks(row: Blueprint) -> bool:
    """Say whether somebody has to decide between the partner's edited copy and the shipped one."""
    if not is_edited(row):
        return False
    return int(row.definition.get(DECLINED) or 0) < int(BLUEPRINTS[row.slug]["version"])


@transaction.atomic
def keep_own(actor: Actor, row: Blueprint, *, reason: str) -> None:
    """Keep the partner's edited copy; the next shipped version asks again.

    Raises NotPermitted, ValidationError where there is nothing to decide."""
    locked = _to_decide(actor, row)
    version = BLUEPRINTS[locked.slug]["version"]
    locked.definition = {**locked.definition, DECLINED: version}
    locked.save(update_fields=["definition", "updated_at"])
    audit.record(
        actions.BLUEPRINT_KEPT,
        object_kind="blueprint",
        object_id=locked.pk,
        object_label=locked.name,
        after={"slug": locked.slug, "declined": version},
        reason=reason,
    )


@transaction.atomic
def take_shipped(actor: Actor, row: Blueprint, *, reason: str) -> None:
    """Put the shipped version in the place of the partner's edited copy, which the audit trail
    keeps. Raises as `keep_own`."""
    locked = _to_decide(actor, row)
    _take(actor, locked, reason, definition=locked.definition)


def _to_decide(actor: Actor, row: Blueprint) -> Blueprint:
    actor.require("workflows.manage", None)
    locked = Blueprint.objects.select_for_update().get(pk=row.pk)
    if not is_edited(locked):
        raise ValidationError("This blueprint is as it was shipped: there is nothing to decide.")
    return locked


# --- the whole installation -------------------------------------------------------------------


def partners_behind() -> list[str]:
    """Return the schemas of partners that lack a shipped blueprint or have an older version, the
    oldest first; asked of a few hundred partners in one query, and none of them is entered."""
    rows = Partner.objects.exclude(status=Partner.Status.PROVISIONING)
    schemas = list(rows.order_by("created_at", "pk").values_list("schema_name", flat=True))
    known: dict[str, dict[str, int]] = {}
    for first in range(0, len(schemas), _AT_ONCE):
        for schema, slug, version in _versions(schemas[first : first + _AT_ONCE]):
            known.setdefault(schema, {})[slug] = version
    return [schema for schema in schemas if _behind(known.get(schema, {}))]


def _versions(schemas: list[str]) -> Iterator[tuple[str, str, int]]:
    query = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, slug, version FROM {}.{}").format(
            sql.Literal(schema), sql.Identifier(schema), sql.Identifier(Blueprint._meta.db_table)
        )
        for schema in schemas
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        yield from cursor.fetchall()
