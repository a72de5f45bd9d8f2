"""Finds Tryton's own numbers for what mappings name: a currency code, a unit, a term."""

import threading
from collections.abc import Mapping
from typing import Final

from syncjobs.connectors.calls import Call, Caller
from syncjobs.connectors.codec import at
from syncjobs.connectors.dialects import EQUALS, Condition
from syncjobs.connectors.errors import Rejected
from syncjobs.connectors.tryton.dialect import TrytonDialect

# What a field of a mapping's result names: the words for people, the model, its field.
NAMED: Final[Mapping[str, tuple[str, str, str]]] = {
    "currency": ("currency", "currency.currency", "code"),
    "country": ("country", "country.country", "code"),
    "payment_term": ("payment term", "account.invoice.payment_term", "name"),
    "product": ("product", "product.product", "code"),
    "unit": ("unit", "product.uom", "symbol"),
    "work_status": ("project status", "project.work.status", "name"),
    "party": ("party", "party.party", "code"),
}


class References:
    """Look-ups of one open connector, each asked for once. Safe for several threads."""

    def __init__(self, caller: Caller, dialect: TrytonDialect) -> None:
        self._caller, self._dialect = caller, dialect
        self._known: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def id_of(self, kind: str, value: object) -> int:
        """Return a record's number; a number is taken as it is.

        Raises Rejected when it is unknown; 0 stands for a country where none were ever loaded.
        """
        text = str(value)
        if text.isdecimal() and kind != "product":
            return int(text)
        label, model, field = NAMED[kind]
        key = (kind, text)
        with self._lock:
            known = self._known.get(key)
        if known is not None:
            return known
        rows = self.rows(model, [Condition(field, EQUALS, text)], ())
        if not rows and kind == "country" and not self.rows(model, [], ()):
            return self._keep(key, 0)
        if not rows:
            raise Rejected(f"Tryton has no {label} {text!r}.", detail={"missing": kind})
        return self._keep(key, _number(rows[0], "id"))

    def setting(self, name: str) -> int:
        """Return an account or journal that the company has set up for invoices."""
        key = ("setting", name)
        with self._lock:
            known = self._known.get(key)
        if known is not None:
            return known
        if name == "journal":
            rows = self.rows("account.journal", [Condition("type", EQUALS, "revenue")], ())
            found = _number(rows[0], "id") if rows else 0
        else:
            rows = self.rows("account.configuration", [], (name,))
            found = _number(rows[0], name) if rows else 0
        if not found:
            raise Rejected(
                f"Tryton's accounting has no {name.replace('_', ' ')} set up; "
                "finance sets it in the accounting configuration.",
                detail={"missing": name},
            )
        return self._keep(key, found)

    def rows(
        self, model: str, conditions: list[Condition], fields: tuple[str, ...]
    ) -> list[object]:
        """Return plain rows of a model."""
        params = self._dialect.query(conditions, fields=fields, order=())
        data = self._caller.send(Call(method="GET", path=f"/{model}", params=params)).data
        plain = self._dialect.from_wire(data)
        return plain if isinstance(plain, list) else []

    def record(self, model: str, record_id: str, fields: tuple[str, ...]) -> object:
        """Return one plain record by its number."""
        params = self._dialect.query([], fields=fields, order=())
        path = self._caller.path(f"/{model}/{{id}}", record_id)
        return self._dialect.from_wire(
            self._caller.send(Call(method="GET", path=path, params=params)).data
        )

    def _keep(self, key: tuple[str, str], number: int) -> int:
        with self._lock:
            self._known[key] = number
        return number


def _number(row: object, name: str) -> int:
    value = at(row, name)
    return value if isinstance(value, int) else 0
