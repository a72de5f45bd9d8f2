"""What a mapped record is worth: one amount, never two of them added together."""

from decimal import Decimal

import pytest

from mappings.amounts import currency_in, is_amount, worth

D = Decimal


@pytest.mark.parametrize(
    ("data", "object_type", "expected"),
    [
        # A system's object: the name decides, and only for exact numbers.
        ({"quantity": D("7.5"), "unitPrice": D("110"), "lineAmount": D("825")}, "", D("825")),
        ({"quantity": D("7.5"), "unit_price": D("110.10")}, "", D("825.750")),
        ({"unitPrice": D("110")}, "", None),
        ({"totalAmount": D("119"), "taxAmount": D("19"), "netAmount": D("100")}, "", D("119")),
        ({"quantity": D("2"), "taxRate": D("19")}, "", None),
        ({"amount": "100"}, "", None),
        ({"value": True, "name": "x"}, "", None),
        ({"lines": [{"amount": D("1.10")}, {"amount": D("2.20")}]}, "", D("3.30")),
        # A canonical object: its schema decides, and numbers are kept as text.
        ({"hours": "2", "rate": "100", "amount": "200.00"}, "time_entry", D("200.00")),
        ({"hours": "2", "rate": "100"}, "time_entry", D("200")),
        ({"number": "4711", "total": "90", "paid_total": "40"}, "invoice", D("90")),
        ({"number": "4711", "name": "100"}, "customer", None),
    ],
)
def test_a_record_is_worth_its_leading_amount(
    data: dict[str, object], object_type: str, expected: Decimal | None
) -> None:
    assert worth(data, object_type) == expected


def test_amounts_and_currencies_are_known_by_schema_or_name() -> None:
    assert is_amount("unitPrice", D(1))
    assert not is_amount("taxCode", "19")
    assert is_amount("rate", "100", "time_entry")
    assert not is_amount("hours", "8", "time_entry")
    assert currency_in({"currencyCode": "EUR"}) == "EUR"
    assert currency_in({"currency": "euros"}) == ""
