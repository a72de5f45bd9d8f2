"""`docs/canonical-model.md`, generated from the schemas:

python -m mappings.canonical.document > docs/canonical-model.md
"""

import sys

from mappings.canonical.fields import Field, ObjectSchema
from mappings.canonical.registry import SCHEMAS

_HEAD = """# The canonical model

Generated from `mappings/canonical/` by `make canonical-model`; don't edit it by hand.

Every record of every system is mapped to one of these objects. Money and decimals are exact and
kept as text, a date is `YYYY-MM-DD`, a datetime ISO 8601 with its offset, a reference the natural
key of another record. *Owner* is the kind of system whose value counts where the partner has no
rule of its own. A partner's own fields begin with `custom_`; no canonical field does.
"""


def text() -> str:
    """Return the whole document."""
    return "\n".join([_HEAD, *(_section(one) for one in SCHEMAS.values())])


def _section(one: ObjectSchema) -> str:
    key = " / ".join(f"`{name}`" for name in one.natural_key)
    lines = [
        f"## {one.label}",
        "",
        f"`{one.name}`, version {one.version}. {one.help}".rstrip(),
        "",
        f"Natural key: {key}. Owner: {one.owner_kind}.",
        "",
        "| Field | Type | Required | Personal | Owner | What it is |",
        "|---|---|---|---|---|---|",
    ]
    for field in one.fields:
        lines += _rows(field, one.owner_kind, "")
    return "\n".join([*lines, ""])


def _rows(field: Field, owner: str, above: str) -> list[str]:
    owner = field.owner_kind or owner
    name = f"{above}{field.name}"
    words = ". ".join(one for one in (field.label, field.help) if one)
    cells = [
        f"`{name}`",
        _type(field),
        "yes" if field.required else "",
        "yes" if field.personal else "",
        owner,
        words.replace("|", "\\|"),
    ]
    rows = [f"| {' | '.join(cells)} |"]
    way = f"{name}[]." if field.type == "list" else f"{name}."
    for item in field.items:
        rows += _rows(item, owner, way)
    return rows


def _type(field: Field) -> str:
    if field.reference_to:
        return f"reference to `{field.reference_to}`"
    if field.choices:
        return f"one of {', '.join(f'`{one}`' for one in field.choices)}"
    units = {"currency": " in the record's currency", "": ""}
    return f"{field.type}{units.get(field.unit, f' in {field.unit}')}"


if __name__ == "__main__":
    sys.stdout.write(text())
