"""Records of older schema versions read as the newest. Pure.

An object whose fields change in a way that old records do not meet gets a new `version` and one
more function in `upgrades`: it takes the data of the version before and returns that of the
next. Records are upgraded as they are read, and kept in the newest version when they are next
written. Where SQL filters on a field that an upgrade renames, a migration must write the
records anew.
"""

from collections.abc import Mapping

from mappings.canonical.fields import ObjectSchema
from mappings.canonical.registry import SCHEMAS

FIRST = 1


def newest(object_type: str) -> int:
    """Return the newest schema version of an object."""
    return SCHEMAS[object_type].version if object_type in SCHEMAS else FIRST


def upgraded(object_type: str, data: dict[str, object], version: int) -> dict[str, object]:
    """Return a record's data as the newest version has it; the same dict where it is."""
    described = SCHEMAS.get(object_type)
    if described is None or version >= described.version:
        return data
    return upgrade(described, data, version)


def upgrade(described: ObjectSchema, data: Mapping[str, object], version: int) -> dict[str, object]:
    """Return data after each upgrade from its version on."""
    made = dict(data)
    for step in described.upgrades[version - FIRST :]:
        made = step(made)
    return made
