"""Loads the records that point to others, for totals such as the invoices of a project."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from mappings.canonical.upgrades import upgraded
from syncjobs.engine.definition import Collect
from syncjobs.engine.rows import decode, fetch
from syncjobs.neighbours import Known


def collect(
    client_id: int, wanted: Iterable[tuple[Known, Sequence[Collect]]]
) -> dict[int, dict[str, object]]:
    """Return record id → {name: list of data, "last": the latest one's data}.

    One query for each kind of list, whatever the number of records.
    """
    result: dict[int, dict[str, object]] = {}
    by_rule: dict[Collect, list[Known]] = {}
    for record, rules in wanted:
        for rule in rules:
            by_rule.setdefault(rule, []).append(record)
    for rule, records in by_rule.items():
        found = _load(client_id, rule, {str(one.data.get(rule.equals)) for one in records})
        for one in records:
            own = found.get(str(one.data.get(rule.equals)), [])
            into = result.setdefault(one.id, {})
            into[rule.name] = own
            into["last"] = max(own, key=lambda data: _order(data, rule), default={})
    return result


def _order(data: Mapping[str, object], rule: Collect) -> str:
    return str(data.get(rule.latest_by) or "")


def _load(client_id: int, rule: Collect, values: set[str]) -> dict[str, list[dict[str, object]]]:
    rows = fetch(
        _COLLECT,
        {
            "client": client_id,
            "type": rule.type,
            "field": rule.field,
            "values": sorted(values),
            "where": rule.where_field,
            "allowed": list(rule.where_values),
        },
    )
    found: dict[str, list[dict[str, object]]] = {}
    for value, data, shape in rows:
        found.setdefault(value, []).append(upgraded(rule.type, decode(data), shape))
    return found


_COLLECT: Final = """
    SELECT data ->> %(field)s, data, schema_version FROM syncjobs_canonicalrecord
    WHERE client_id = %(client)s AND type = %(type)s AND NOT deleted AND version > 0
      AND data ->> %(field)s = ANY(%(values)s::text[])
      AND (%(where)s = '' OR data ->> %(where)s = ANY(%(allowed)s::text[]))
    ORDER BY id
"""
