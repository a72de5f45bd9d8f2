"""Rows of a file for a value map: proposed as one change, like those typed into its form."""

from collections.abc import Sequence
from typing import Final

from django.core.exceptions import ValidationError

from governance.actors import Actor
from mappings.models import ValueMap
from mappings.services.value_maps import checked_table, propose_table, table_of
from tenants.tables.plan import Plan, Row
from tenants.tables.reading import Column, Line

COLUMNS: Final = (
    Column("Word", required=True, example="Net 30"),
    Column("Becomes", required=True, example="NET30"),
)


def propose_rows(actor: Actor, value_map: ValueMap, lines: Sequence[Line]) -> tuple[Plan, int]:
    """Propose the live table with these rows added or changed; rows that are not named stay.

    Returns the plan and the change request's key, 0 when nothing was proposed: a row is refused,
    or all is as it was. Raises NotPermitted and governance's refusals.
    """
    actor.require("mappings.edit", value_map.client_id)
    live = table_of(value_map)
    table, rows = dict(live), list[Row]()
    seen: dict[str, int] = {}
    for line in lines:
        word, value = line.cells["Word"], line.cells["Becomes"]
        rows.append(_row(line.number, word, value, live, seen))
        seen.setdefault(word, line.number)
        table[word] = value
    plan = Plan(lines, rows)
    if not plan.is_sound:
        return plan, 0
    asked = propose_table(
        actor,
        value_map,
        table,
        title=f"Import into {value_map.label}"[:120],
        reason=f"From a file: {plan.counts['new']} new, {plan.counts['changed']} changed.",
    )
    return plan, asked.pk


def _row(number: int, word: str, value: str, live: dict[str, str], seen: dict[str, int]) -> Row:
    title = word or "–"
    if word in seen:
        return Row(number, "refused", title, f"The word stands in row {seen[word]}, too.")
    if not value and word not in live:
        return Row(number, "refused", title, "Say what the word becomes.")
    try:
        checked_table({word: value})
    except ValidationError as error:
        return Row(number, "refused", title, " ".join(error.messages))
    if word not in live:
        return Row(number, "new", title, f"becomes {value}")
    if live[word] == value:
        return Row(number, "same", title)
    return Row(number, "changed", title, f"{live[word]} → {value}")
