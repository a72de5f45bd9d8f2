"""What a delivery is worth."""

from decimal import Decimal

import pytest

from syncjobs.indicators.stakes import Stake, stake_of
from syncjobs.models import CanonicalRecord, Delivery


@pytest.mark.parametrize(
    ("record", "origin", "worth"),
    [
        ({"amount": "12.50", "currency": "EUR"}, {"total": "99"}, "12.50"),
        # A contract whose new value waits for approval: what was agreed, not what is billed by.
        ({"agreed_value": "204600.00", "value": "163200.00", "currency": "EUR"}, {}, "204600.00"),
        ({"value": "163200.00", "currency": "EUR"}, {}, "163200.00"),
        ({"name": "Alder"}, {"amount": "7", "currency": "EUR"}, "7"),
    ],
)
def test_the_most_exact_amount_counts(
    record: dict[str, str], origin: dict[str, str], worth: str
) -> None:
    delivery = Delivery(record=CanonicalRecord(data=record), origin=CanonicalRecord(data=origin))
    assert stake_of(delivery) == Stake(Decimal(worth), "EUR")


def test_what_names_no_amount_is_worth_nothing() -> None:
    delivery = Delivery(record=CanonicalRecord(data={}), origin=CanonicalRecord(data={"value": ""}))
    assert stake_of(delivery) is None
