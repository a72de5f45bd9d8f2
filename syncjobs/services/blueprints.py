"""Turns a blueprint into a client's definition."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.core.exceptions import ValidationError

from governance.actors import Actor
from mappings.models import Mapping as MappingRow
from mappings.services.versions import ensure_mapping
from syncjobs.connectors import registry
from syncjobs.connectors.files import BY_FILE
from syncjobs.connectors.files import KEY as FILES
from syncjobs.models import Blueprint, Connection, Stream
from syncjobs.services.streams import ensure_stream
from syncjobs.shipped import shipped_mapping

CANONICAL: Final = "canonical"
_KEPT: Final = (
    "label", "mode", "after", "gates", "related", "when", "match", "action", "collect", "tries",
    "on_failure", "not_back",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A mapping as a definition names it."""

    slug: str
    object: str


Find = Callable[[str, str], Place | None]


def resolve(
    actor: Actor,
    blueprint: Blueprint,
    bindings: Mapping[str, Connection],
    overrides: Mapping[str, object],
) -> dict[str, Any]:
    """Return the blueprint's definition for these connections, its mappings and streams made.

    Raises ValidationError naming what is missing: a role's connection, or a mapping for it.
    """
    shape = with_points(blueprint.definition, overrides)
    _require_roles(shape, bindings)
    for read in shape["reads"]:
        if read["role"] in bindings:
            _ensure_read(actor, read, bindings[read["role"]])
    return _definition(partial(_made, actor), blueprint, shape, bindings)


def planned_definition(
    actor: Actor,
    blueprint: Blueprint,
    bindings: Mapping[str, Connection],
    overrides: Mapping[str, object],
) -> dict[str, Any]:
    """Return what `resolve` would, without making streams; writes nothing where the mappings
    are there. Raises as `resolve`."""
    return foreseen_definition(partial(_made, actor), blueprint, bindings, overrides)


def foreseen_definition(
    find: Find,
    blueprint: Blueprint,
    bindings: Mapping[str, Connection],
    overrides: Mapping[str, object],
) -> dict[str, Any]:
    """Return what `resolve` would with the mappings that `find` gives by connector and short
    name. Raises as `resolve`."""
    shape = with_points(blueprint.definition, overrides)
    _require_roles(shape, bindings)
    return _definition(find, blueprint, shape, bindings)


def new_reads(find: Find, blueprint: Blueprint, bindings: Mapping[str, Connection]) -> list[str]:
    """Return in words what a blueprint would read of these systems that is not read of them yet."""
    wanted: dict[tuple[int, str], str] = {}
    for read in blueprint.definition.get("reads", ()):
        connection = bindings.get(read["role"])
        place = find(connection.connector, read["mapping"]) if connection else None
        if connection is not None and place is not None:
            wanted[(connection.pk, place.object)] = f"reads {place.object} of {connection.name}"
    rows = Stream.objects.filter(connection__in=[one.pk for one in bindings.values()])
    known = set(rows.values_list("connection_id", "object"))
    return [words for place, words in wanted.items() if place not in known]


def partners_mappings() -> Find:
    """Return what finds a mapping among the partner's and those that the product would bring;
    it writes nothing and asks the database once."""
    rows = MappingRow.objects.filter(client=None).values_list("slug", "object")
    known = {slug: Place(slug, object_) for slug, object_ in rows}

    def find(connector: str, name: str) -> Place | None:
        slug = slug_of(connector, name)
        if slug in known:
            return known[slug]
        shipped = shipped_mapping(folder_of(connector), name)
        return None if shipped is None else Place(slug, shipped.get("object", ""))

    return find


def _made(actor: Actor, connector: str, name: str) -> Place | None:
    found = ensure_shipped(actor, connector, name)
    return None if found is None else Place(found.slug, found.object)


def _definition(
    find: Find,
    blueprint: Blueprint,
    shape: Mapping[str, Any],
    bindings: Mapping[str, Connection],
) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []
    for step in shape["steps"]:
        if step["role"] not in bindings:
            continue
        made = _step(find, step, bindings[step["role"]], {one["name"] for one in steps})
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
        made_of = (_compared(find, one, bindings) for one in shape["comparisons"])
        definition["comparisons"] = [made for made in made_of if made is not None]
    return {**definition, "cycle": shape["cycle"]} if shape.get("cycle") else definition


def _compared(
    find: Find, shape: Mapping[str, Any], bindings: Mapping[str, Connection]
) -> dict[str, Any] | None:
    """Return a comparison with the connection and object of each side; None for an optional one
    in which these systems have no part."""
    made = dict(shape)
    for name in ("source", "target"):
        side = shape[name]
        if side["role"] not in bindings:
            return None
        connection = bindings[side["role"]]
        mapping = find(connection.connector, side["mapping"])
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


def with_points(definition: Mapping[str, Any], overrides: Mapping[str, object]) -> dict[str, Any]:
    """Return a blueprint's definition with the values of its extension points filled in.

    Raises ValidationError for an override that has no such point."""
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
    find: Find, step: Mapping[str, Any], connection: Connection, earlier: set[str]
) -> dict[str, Any] | None:
    """Return a step with its target; None for an optional one that this system has no part in."""
    mapping = find(connection.connector, step["mapping"])
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
        if find(CANONICAL, step["derive"]["mapping"]) is None:
            raise _no_mapping(connection, step["derive"]["mapping"])
        made["derive"] = step["derive"]
    else:
        made["record"] = step["record"]
    return made


def folder_of(connector: str) -> str:
    """Return where a connector's shipped mappings are: files of all kinds share theirs."""
    return FILES if connector in BY_FILE else connector


def slug_of(connector: str, name: str) -> str:
    """Return the slug of a mapping that a blueprint calls by a short name."""
    folder = folder_of(connector)
    return name if folder == CANONICAL else f"{folder}-{name}".replace("_", "-")


def mappings_of(
    definition: Mapping[str, Any], bindings: Mapping[str, Connection]
) -> set[tuple[str, str]]:
    """Return (folder, short name) of each mapping that a blueprint names for these systems."""
    sides = [
        one[name] for one in definition.get("comparisons", ()) for name in ("source", "target")
    ]
    named = {
        (folder_of(bindings[one["role"]].connector), str(one["mapping"]))
        for one in [*definition.get("reads", ()), *definition.get("steps", ()), *sides]
        if one["role"] in bindings
    }
    derived = [one["derive"]["mapping"] for one in definition.get("steps", ()) if "derive" in one]
    return named | {(CANONICAL, str(one)) for one in derived}


def ensure_shipped(actor: Actor, connector: str, name: str) -> MappingRow | None:
    """Return the mapping of a connector under a short name; make it from its file if need be.

    None when neither the partner nor the product has one. "canonical" holds those between
    canonical objects.
    """
    slug = slug_of(connector, name)
    found = MappingRow.objects.filter(slug=slug, client=None).first()
    if found is not None:
        return found
    folder = folder_of(connector)
    shipped = shipped_mapping(folder, name)
    if shipped is None:
        return None
    return ensure_mapping(
        actor,
        slug=slug,
        connector="" if folder == CANONICAL else folder,
        name=shipped["name"],
        direction=shipped["direction"],
        canonical=shipped["canonical"],
        object=shipped.get("object", ""),
        makes=shipped.get("makes", ""),
        document=shipped["document"],
    )


def _no_mapping(connection: Connection, name: str) -> ValidationError:
    label = registry.connector(connection.connector).descriptor.label
    return ValidationError(f"{label} has no mapping {name}. Make one first.")
