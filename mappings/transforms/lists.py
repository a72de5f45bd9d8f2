"""Steps on lists of objects. Bounded: what comes out has no more members than what went in."""

from collections.abc import Mapping
from decimal import Decimal

from mappings.numbers import CONTEXT, as_text
from mappings.paths import MISSING, BadPath, split, walked
from mappings.transforms.amounts import number
from mappings.transforms.base import (
    MAX_ITEMS,
    Param,
    Step,
    Transform,
    TransformError,
    list_of,
    plain,
    text_of,
)

_FIELD = Param("field", "text", help="Of a member, such as status")


def _parts(params: Mapping[str, object]) -> tuple[str, ...]:
    try:
        return split(str(params["field"]))
    except BadPath as error:
        raise TransformError(str(error).rstrip(".")) from error


def _objects(value: object) -> list[Mapping[str, object]]:
    members = list_of(value)
    objects = [one for one in members if isinstance(one, Mapping)]
    if len(objects) != len(members):
        raise TransformError("the list holds something that is not an object")
    return objects


def _word(value: object) -> str:
    return "" if value is None or value is MISSING else text_of(value)


def _filtered(params: Mapping[str, object]) -> Step:
    """Keep the members whose field has one of the values."""
    parts = _parts(params)
    wanted = {part.strip() for part in str(params["values"]).split(",")}
    return lambda value: [one for one in _objects(value) if _word(walked(one, parts)) in wanted]


def _picked(params: Mapping[str, object]) -> Step:
    parts = _parts(params)

    def step(value: object) -> object:
        found = [walked(one, parts) for one in _objects(value)]
        return [None if one is MISSING else one for one in found]

    return step


def _sum(params: Mapping[str, object]) -> Step:
    """Add up the members, or a field of theirs; what is empty counts as 0."""
    parts = _parts(params) if params["field"] else ()

    def step(value: object) -> object:
        members = [walked(one, parts) for one in _objects(value)] if parts else list_of(value)
        total = Decimal(0)
        for one in members:
            if one is not None and one is not MISSING and one != "":
                total = CONTEXT.add(total, number(one))
        return total

    return step


def _flattened(value: object) -> object:
    """Return the members of the lists in a list, one level up."""
    made: list[object] = []
    for one in list_of(value):
        made += list_of(one) if isinstance(one, list) else [one]
        if len(made) > MAX_ITEMS:
            raise TransformError(f"the list would have more than {MAX_ITEMS} members")
    return made


def _unique(value: object) -> object:
    return list(dict.fromkeys(_key(one) for one in list_of(value)))


def _key(value: object) -> str:
    return as_text(value) if isinstance(value, Decimal) else _word(value)


def _grouped(params: Mapping[str, object]) -> Step:
    """Return an object {"key", "members"} for each value of a field, in the order they come."""
    parts = _parts(params)

    def step(value: object) -> object:
        groups: dict[str, list[object]] = {}
        for one in _objects(value):
            groups.setdefault(_word(walked(one, parts)), []).append(one)
        return [{"key": key, "members": members} for key, members in groups.items()]

    return step


TRANSFORMS = (
    Transform(
        "filter",
        "Keep some",
        "list",
        _filtered,
        (_FIELD, Param("values", "text", help="Separated by commas")),
    ),
    Transform("pick", "A field of each", "list", _picked, (_FIELD,)),
    Transform(
        "sum",
        "Add up",
        "list",
        _sum,
        (Param("field", "text", required=False, default="", help="Of objects"),),
    ),
    Transform("flatten", "Lists into one", "list", plain(_flattened)),
    Transform("unique", "Each once", "list", plain(_unique)),
    Transform("group", "Group by a field", "list", _grouped, (_FIELD,)),
    Transform(
        "explode",
        "Into several records",
        "list",
        plain(list_of),
        help="Each member becomes a record of its own; other rules read its fields as each.hours.",
    ),
)
