"""What deliveries are worth: the money of the record, else of the record that caused them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import DecimalField, F, OuterRef, Q, QuerySet, Sum, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, JSONObject

from syncjobs.models import Delivery
from syncjobs.services.catalogue import WITHDRAWN
from syncjobs.state import DELIVERY, ISSUE

# Which field says what a record is worth, the most exact first; what was agreed before what the
# system that bills knows of it.
_AMOUNTS = ("amount", "total", "agreed_value", "value")
# What an exception stops, or what was written and should not be there any more.
_AT_STAKE: Final = Q(state__in=sorted(DELIVERY.open)) | Q(
    issue__kind=WITHDRAWN, issue__state__in=sorted(ISSUE.open)
)
_MONEY: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=18, decimal_places=4)


@dataclass(frozen=True)
class Stake:
    """An amount in one currency."""

    amount: Decimal
    currency: str


def stake_of(delivery: Delivery) -> Stake | None:
    """Return what one delivery is worth; None when neither record nor cause says so.

    `record` and `origin` should be loaded.
    """
    for data in (delivery.record.data, delivery.origin.data):
        for name in _AMOUNTS:
            amount = decimal_in(data, name)
            if amount is not None:
                return Stake(amount, str(data.get("currency") or ""))
    return None


def decimal_in(data: Mapping[str, Any], name: str) -> Decimal | None:
    """Return an amount that a record's data has under a name; None where it has none."""
    value = data.get(name)
    try:
        return Decimal(str(value)) if value not in (None, "") else None
    except InvalidOperation:
        return None


def _worth(rows: QuerySet[Delivery]) -> Any:
    """Annotate `worth` and `currency` as `stake_of` says them."""
    fields = [(owner, name) for owner in ("record", "origin") for name in _AMOUNTS]
    amounts = [Cast(KeyTextTransform(name, f"{owner}__data"), _MONEY) for owner, name in fields]
    currencies = [KeyTextTransform("currency", f"{owner}__data") for owner in ("record", "origin")]
    return rows.annotate(worth=Coalesce(*amounts), currency=Coalesce(*currencies))


def stakes_beside_issues() -> ArraySubquery:
    """Return what each row of a query set of exceptions stops, as an annotation.

    Read it with `stakes_in`.
    """
    rows = Delivery.objects.filter(_AT_STAKE, issue_id=OuterRef("pk"))
    sums = _worth(rows.order_by()).values("currency").annotate(worth_sum=Sum(F("worth")))
    # As text: JSON's numbers would come back as floats.
    pair = JSONObject(amount=Cast("worth_sum", TextField()), currency="currency")
    return ArraySubquery(sums.order_by("-worth_sum").values_list(pair, flat=True))


def stakes_in(pairs: Iterable[Mapping[str, str | None]]) -> tuple[Stake, ...]:
    """Return the stakes that `stakes_beside_issues` found, without those of nothing."""
    found = [(Decimal(one["amount"] or 0), one["currency"] or "") for one in pairs]
    return tuple(Stake(amount, currency) for amount, currency in found if amount)


def stakes_of_issues(issue_ids: Iterable[int]) -> dict[int, list[Stake]]:
    """Return what each exception stops, by currency, the most first; one query."""
    rows = Delivery.objects.filter(_AT_STAKE, issue_id__in=list(issue_ids)).order_by()
    found: dict[int, list[Stake]] = defaultdict(list)
    sums = _worth(rows).values("issue_id", "currency").annotate(worth_sum=Sum(F("worth")))
    for row in sums.order_by("-worth_sum"):
        if row["worth_sum"]:
            found[row["issue_id"]].append(Stake(row["worth_sum"], row["currency"] or ""))
    return found
