"""Ships the blueprints to a partner, and turns one into a client's definition."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actors import Actor
from governance.services import audit
from mappings.models import Mapping as MappingRow
from mappings.services.versions import ensure_mapping
from syncjobs import actions
from syncjobs.blueprints import BLUEPRINTS
from syncjobs.connectors import registry
from syncjobs.connectors.files import BY_FILE
from syncjobs.connectors.files import KEY as FILES
from syncjobs.engine.rows import fetch
from syncjobs.models import Blueprint, Connection
from syncjobs.services.streams import ensure_stream
from tenants.models import Partner

_FILES: Final = Path(__file__).resolve().parent.parent / "blueprints" / "mappings"
_KEPT: Final = (
    "label", "mode", "after", "gates", "related", "when", "match", "action", "collect", "tries",
    "on_failure", "not_back",
)  # fmt: skip


@transaction.atomic
def ship_blueprints(actor: Actor) -> int:
    """Add the shipped blueprints that this partner does not have yet; return how many."""
    known = {slug for (slug,) in fetch("SELECT slug FROM syncjobs_blueprint", {})}
    added = 0
    for slug, shipped in BLUEPRINTS.items():
        if slug in known:
            continue
        blueprint, made = Blueprint.objects.get_or_create(
            slug=slug,
            defaults={
                "name": shipped["name"],
                "summary": shipped["summary"],
                "definition": shipped,
                "version": shipped["version"],
            },
        )
        if made:
            added += 1
            audit.record(
                actions.BLUEPRINT_SHIPPED,
                object_kind="blueprint",
                object_id=blueprint.pk,
                object_label=blueprint.name,
                after={"slug": slug, "version": blueprint.version},
            )
    return added


def starting_blueprints(actor: Actor, partner: Partner) -> None:
    """Give a new partner the shipped blueprints."""
    ship_blueprints(actor)


def resolve(
    actor: Actor,
    blueprint: Blueprint,
    bindings: Mapping[str, Connection],
    overrides: Mapping[str, object],
) -> dict[str, Any]:
    """Return the blueprint's definition for these connections, its mappings and streams made.

    Raises ValidationError naming what is missing: a role's connection, or a mapping for it.
    """
    shape = _with_points(blueprint.definition, overrides)
    _require_roles(shape, bindings)
    for read in shape["reads"]:
        if read["role"] in bindings:
            _ensure_read(actor, read, bindings[read["role"]])
    return _definition(actor, blueprint, shape, bindings)


def planned_definition(
    actor: Actor,
    blueprint: Blueprint,
    bindings: Mapping[str, Connection],
    overrides: Mapping[str, object],
) -> dict[str, Any]:
    """Return what `resolve` would, without making streams; writes nothing where the mappings
    are there. Raises as `resolve`."""
    shape = _with_points(blueprint.definition, overrides)
    _require_roles(shape, bindings)
    return _definition(actor, blueprint, shape, bindings)


def _definition(
    actor: Actor,
    blueprint: Blueprint,
    shape: Mapping[str, Any],
    bindings: Mapping[str, Connection],
) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []
    for step in shape["steps"]:
        if step["role"] not in bindings:
            continue
        made = _step(actor, step, bindings[step["role"]], {one["name"] for one in steps})
        if made is not None:
            steps.append(made)
    definition: dict[str, Any] = {
        "blueprint": blueprint.slug,
        "blueprint_version": blueprint.version,
        "priority": shape.get("priority"),
        "trigger": shape["trigger"],
        "steps": steps,
    }
    if shape.get("comparisons"):
        made_of = (_compared(actor, one, bindings) for one in shape["comparisons"])
        definition["comparisons"] = [made for made in made_of if made is not None]
    return {**definition, "cycle": shape["cycle"]} if shape.get("cycle") else definition


def _compared(
    actor: Actor, shape: Mapping[str, Any], bindings: Mapping[str, Connection]
) -> dict[str, Any] | None:
    """Return a comparison with the connection and object of each side; None for an optional one
    in which these systems have no part."""
    made = dict(shape)
    for name in ("source", "target"):
        side = shape[name]
        if side["role"] not in bindings:
            return None
        connection = bindings[side["role"]]
        mapping = ensure_shipped(actor, connection.connector, side["mapping"])
        if mapping is None:
            if shape.get("optional"):
                return None
            raise _no_mapping(connection, side["mapping"])
        place = {"connection": connection.pk, "object": mapping.object, "mapping": mapping.slug}
        made[name] = {**side, **place}
    return made


def roles_of(shape: Mapping[str, Any]) -> list[str]:
    """Return the roles (crm, psa, erp) for which a blueprint takes a system, sorted."""
    sides = [one[name] for one in shape.get("comparisons", ()) for name in ("source", "target")]
    return sorted(
        {one["role"] for one in [*shape.get("reads", ()), *shape.get("steps", ()), *sides]}
    )


def needed_roles(shape: Mapping[str, Any]) -> list[str]:
    """Return the roles without which it cannot be installed; of others only optional parts are."""
    needed = {
        name: [one for one in shape.get(name, ()) if not one.get("optional")]
        for name in ("reads", "steps", "comparisons")
    }
    return roles_of(needed)


def _with_points(definition: dict[str, Any], overrides: Mapping[str, object]) -> dict[str, Any]:
    points = definition.get("extension_points", {})
    unknown = set(overrides) - set(points)
    if unknown:
        raise ValidationError(f"This blueprint has no extension point {', '.join(unknown)}.")
    values = {name: overrides.get(name, point["default"]) for name, point in points.items()}

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            if set(value) == {"$point"}:
                return values[value["$point"]]
            return {name: filled(one) for name, one in value.items()}
        return [filled(one) for one in value] if isinstance(value, list) else value

    result: dict[str, Any] = filled(definition)
    return result


def _require_roles(shape: Mapping[str, Any], bindings: Mapping[str, Connection]) -> None:
    missing = [role for role in needed_roles(shape) if role not in bindings]
    if missing:
        raise ValidationError(f"Choose a connection for: {', '.join(missing)}.")


def _ensure_read(actor: Actor, read: Mapping[str, Any], connection: Connection) -> None:
    mapping = ensure_shipped(actor, connection.connector, read["mapping"])
    if mapping is None:
        if read.get("optional"):
            return
        raise _no_mapping(connection, read["mapping"])
    ensure_stream(
        actor,
        connection,
        object_=mapping.object,
        canonical=mapping.canonical,
        mapping=mapping.slug,
        position=read["position"],
    )


def _step(
    actor: Actor, step: Mapping[str, Any], connection: Connection, earlier: set[str]
) -> dict[str, Any] | None:
    """Return a step with its target; None for an optional one that this system has no part in."""
    mapping = ensure_shipped(actor, connection.connector, step["mapping"])
    if mapping is None:
        if step.get("optional"):
            return None
        raise _no_mapping(connection, step["mapping"])
    made: dict[str, Any] = {
        "name": step["name"],
        "target": {"role": step["role"], "object": mapping.object, "connection": connection.pk},
        "mapping": mapping.slug,
        **{name: step[name] for name in _KEPT if name in step},
    }
    made["after"] = [name for name in step.get("after", ()) if name in earlier]
    if "derive" in step:
        if ensure_shipped(actor, "canonical", step["derive"]["mapping"]) is None:
            raise _no_mapping(connection, step["derive"]["mapping"])
        made["derive"] = step["derive"]
    else:
        made["record"] = step["record"]
    return made


def ensure_shipped(actor: Actor, connector: str, name: str) -> MappingRow | None:
    """Return the mapping of a connector under a short name; make it from its file if need be.

    None when neither the partner nor the product has one. "canonical" holds those between
    canonical objects.
    """
    if connector in BY_FILE:
        connector = FILES
    slug = name if connector == "canonical" else f"{connector}-{name}".replace("_", "-")
    found = MappingRow.objects.filter(slug=slug, client=None).first()
    if found is not None:
        return found
    shipped = shipped_mapping(connector, name)
    if shipped is None:
        return None
    return ensure_mapping(
        actor,
        slug=slug,
        connector="" if connector == "canonical" else connector,
        name=shipped["name"],
        direction=shipped["direction"],
        canonical=shipped["canonical"],
        object=shipped.get("object", ""),
        makes=shipped.get("makes", ""),
        document=shipped["document"],
    )


@lru_cache(maxsize=256)
def shipped_mapping(connector: str, name: str) -> dict[str, Any] | None:
    """Return the shipped file of a mapping, None when there is none."""
    path = _FILES / connector / f"{name}.json"
    if not path.is_file():
        return None
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _no_mapping(connection: Connection, name: str) -> ValidationError:
    label = registry.connector(connection.connector).descriptor.label
    return ValidationError(f"{label} has no mapping {name}. Make one first.")
