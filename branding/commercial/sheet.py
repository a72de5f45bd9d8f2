"""A statement as a table to download: the same rows as its page, draft and issued alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.http import HttpResponse

from branding.commercial.months import Month
from branding.commercial.rows import Row, rows_of_draft, rows_of_statement
from branding.models import Statement
from branding.pricing import round_money
from branding.services.statements import ClientMonth
from tenants.nouns import in_words
from tenants.tables.writing import table_file

_KINDS: Final = {
    "base": "Base fee",
    "included": "Included deliveries",
    "discount": "Discount",
    "credit": "Credit for what was late",
    "fee": "One-off fee",
    "overage": "Beyond the included volume",
}


_WITHOUT_PRICE: Final = frozenset({"included", "discount"})


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands in it. number: None for a draft."""

    number: int | None
    client_name: str
    month: Month
    currency: str
    rows: Sequence[Row]
    total: Decimal


def sheet_of(statement: Statement) -> Sheet:
    """Return an issued statement's table."""
    rows = rows_of_statement(statement.lines.all(), statement.currency)
    return Sheet(
        statement.number,
        statement.client.name,
        statement.period,
        statement.currency,
        rows,
        statement.rounded_total,
    )


def sheet_of_draft(seen: ClientMonth) -> Sheet:
    """Return a draft's table."""
    draft = seen.draft
    total = round_money(draft.total, draft.currency)
    return Sheet(None, seen.client.name, draft.month, draft.currency, rows_of_draft(draft), total)


def csv_answer(sheet: Sheet) -> HttpResponse:
    """Answer with the table as CSV; its last row is the total."""
    headings = (
        "Statement", "Month", in_words("Client"), "Line", "Why", "Tier", "From", "To",
        "Quantity", "Each", "Amount", "Currency",
    )  # fmt: skip
    about = [sheet.number or "Draft", sheet.month, sheet.client_name]
    cells = [[*about, *_cells(row), sheet.currency] for row in sheet.rows]
    end = [*about, "Total", "", "", sheet.month.first, sheet.month.last, "", "", sheet.total]
    name = f"statement-{sheet.number}" if sheet.number else f"draft-{sheet.month}"
    answer = table_file(name, "csv", headings, [*cells, [*end, sheet.currency]])
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _cells(row: Row) -> list[object]:
    each = "" if row.kind in _WITHOUT_PRICE else row.unit_price
    about = [_words(row), row.told.why, row.tier_name, row.starts_on, row.ends_on]
    return [*about, row.quantity, each, row.amount]


def _words(row: Row) -> str:
    words = row.told.label or _KINDS[row.kind]
    if row.kind == "included":
        words += f", of {row.last}"
    elif row.kind == "overage":
        words += f", {row.first} to {row.last or 'any'}"
    elif row.kind == "discount":
        words += f", {row.told.percent} % of {row.unit_price}"
    elif row.kind == "credit":
        words += f", {row.told.percent} % of the base fee each, at most {row.told.cap} %"
    return f"{words}, agreed" if row.told.agreed else words
