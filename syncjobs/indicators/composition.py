"""What an invoice is made of: the approved work whose lines were written behind its heading."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from syncjobs.indicators.billing import BILLABLE
from syncjobs.indicators.stakes import decimal_in
from syncjobs.indicators.throughput import DONE
from syncjobs.models import CanonicalRecord, Delivery

INVOICE = "invoice"
# So many lines are shown; the sums are of all.
SHOWN = 200


@dataclass(frozen=True)
class Line:
    """One piece of approved work, and the delivery that writes it as a line."""

    record: CanonicalRecord
    delivery: Delivery
    amount: Decimal
    written: bool


@dataclass(frozen=True)
class Composition:
    """An invoice's lines, and how they lead to its total. `total` is None while it has none."""

    lines: list[Line]
    total: Decimal | None

    @property
    def shown(self) -> list[Line]:
        """What a page has room for."""
        return self.lines[:SHOWN]

    @property
    def lines_written(self) -> int:
        """How many lines reached the invoice."""
        return sum(one.written for one in self.lines)

    @property
    def written(self) -> Decimal:
        """The money of the lines that reached the invoice."""
        return sum((one.amount for one in self.lines if one.written), Decimal(0))

    @property
    def waiting(self) -> Decimal:
        """The money of the lines that have not reached it."""
        return sum((one.amount for one in self.lines if not one.written), Decimal(0))

    @property
    def hours_written(self) -> Decimal:
        """The hours of the lines that reached the invoice."""
        return self._hours(written=True)

    @property
    def hours_waiting(self) -> Decimal:
        """The hours of the lines that have not reached it."""
        return self._hours(written=False)

    def _hours(self, *, written: bool) -> Decimal:
        found = (
            decimal_in(one.record.data, "hours") for one in self.lines if one.written == written
        )
        return sum((one for one in found if one), Decimal(0))

    @property
    def added(self) -> Decimal:
        """What the invoice's own system put on top of the lines: tax, or lines of its own."""
        return Decimal(0) if self.total is None else self.total - self.written


def composition(invoice: CanonicalRecord) -> Composition:
    """Return what an invoice is made of, in the order in which the work was done.

    A line waits for its heading, so its delivery names the heading's. Of work that was written
    twice the newest counts.
    """
    # The engagement of the work, by index: somebody may have corrected the invoice's own.
    headings = dict(invoice.deliveries.values_list("pk", "origin__engagement"))
    lines = Delivery.objects.filter(
        record__client_id=invoice.client_id,
        record__engagement__in=set(headings.values()),
        record__type__in=BILLABLE,
        after__overlap=list(headings),
    ).select_related("record")
    newest: dict[int, Delivery] = {}
    for one in lines.order_by("pk"):
        newest[one.record_id] = one
    found = [
        Line(one.record, one, decimal_in(one.record.data, "amount") or Decimal(0), _is_done(one))
        for one in newest.values()
    ]
    found.sort(key=lambda one: (str(one.record.data.get("date") or ""), one.record.key))
    return Composition(found, decimal_in(invoice.data, "total"))


def invoices_of(deliveries: Iterable[Delivery]) -> list[CanonicalRecord]:
    """Return the invoices whose headings these deliveries of a record were written behind."""
    headings = {id_ for one in deliveries for id_ in one.after}
    if not headings:
        return []
    return list(
        CanonicalRecord.objects.filter(type=INVOICE, deliveries__in=headings)
        .distinct()
        .order_by("key")
    )


def _is_done(delivery: Delivery) -> bool:
    return delivery.state in DONE
