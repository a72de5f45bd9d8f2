"""A party's address, e-mail, phone and tax number, which Tryton keeps in records of their own."""

from collections.abc import Mapping
from typing import Final

from syncjobs.connectors.codec import at
from syncjobs.connectors.tryton.references import References

_ADDRESS: Final = ("street", "postal_code", "city", "country")
_DEFAULT_TAX_KIND: Final = "eu_vat"
_READ: Final = (
    "addresses.street", "contact_mechanisms.type", "contact_mechanisms.value",
    "identifiers.type", "identifiers.code",
)  # fmt: skip


def parts(
    data: Mapping[str, object], references: References, party_id: str | None
) -> dict[str, object]:
    """Return the commands that create, or for a known party change, those records.

    Only what `data` names is touched. The first address and the first e-mail or phone are
    ours; further ones that people added stay as they are.
    """
    now = references.record("party.party", party_id, _READ) if party_id else {}
    found = {
        "addresses": _address(data, references, now),
        "contact_mechanisms": _contacts(data, now),
        "identifiers": _tax_number(data, now),
    }
    return {name: commands for name, commands in found.items() if commands}


def _address(data: Mapping[str, object], references: References, now: object) -> list[object]:
    values: dict[str, object] = {name: data[name] for name in _ADDRESS if name in data}
    if not values:
        return []
    if values.get("country"):
        values["country"] = references.id_of("country", values["country"])
    if values.get("country") == 0:
        del values["country"]  # this installation keeps no countries at all
    return _put(values, {"invoice": True}, _first(now, "addresses"))


def _contacts(data: Mapping[str, object], now: object) -> list[object]:
    commands: list[object] = []
    for kind in ("email", "phone"):
        value = data.get(kind)
        if not value:
            continue
        known = _first(now, "contact_mechanisms", kind)
        if at(known, "value") != value:
            commands += _put({"value": value}, {"type": kind}, known)
    return commands


def _tax_number(data: Mapping[str, object], now: object) -> list[object]:
    code = data.get("tax_number")
    if not code:
        return []
    kind = str(data.get("tax_number_type") or _DEFAULT_TAX_KIND)
    known = _first(now, "identifiers", kind)
    return [] if at(known, "code") == code else _put({"code": code}, {"type": kind}, known)


def _put(values: dict[str, object], new: dict[str, object], known: object) -> list[object]:
    """Change the known record, or create one."""
    if known is None:
        return [["create", [{**new, **values}]]]
    return [["write", [at(known, "id")], values]]


def _first(now: object, name: str, kind: str = "") -> object:
    rows = at(now, name)
    for row in rows if isinstance(rows, list) else []:
        if not kind or at(row, "type") == kind:
            return row
    return None
