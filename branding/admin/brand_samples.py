"""Made-up content for the previews: the same firm and figures each time, so that only the brand
differs.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from django.http import HttpRequest

from branding.commercial.months import Month
from branding.commercial.rows import Row
from branding.identity import Identity
from branding.pdf import Paper
from branding.viewer import chosen

CLIENT = "Harbour & Finch"
_MONTH = Month(2026, 10)
_TIER = "Professional"


def page() -> dict[str, object]:
    """What the dashboard and the portal show."""
    return {
        "client": CLIENT,
        "moved": 18_240,
        "hours": Decimal("1327.5"),
        "billed": Decimal("198420.75"),
        "currency": "EUR",
        "day": date(2026, 10, 31),
        "moment": datetime(2026, 10, 31, 14, 5, tzinfo=UTC),
        "days": [(str(number), count) for number, count in enumerate(_COUNTS, start=12)],
        "causes": [
            {"title": "Tax code is missing", "count": 14, "amount": Decimal("4180.00")},
            {"title": "Project is closed in the ERP", "count": 3, "amount": Decimal("960.50")},
        ],
    }


_COUNTS = (610, 742, 688, 590, 121, 84, 655, 702)


def paper(identity: Identity) -> Paper:
    """A statement."""
    return Paper(
        identity=identity,
        viewer=chosen(identity),
        client_name=CLIENT,
        month=_MONTH,
        rows=[
            _row("base", 31, "1200.00", "1200.00"),
            _row("included", 20_000, "0.00", "0.00", last=20_000),
            _row("overage", 4_350, "0.045", "195.75", first=20_001, last=50_000),
        ],
        currency="EUR",
        total=Decimal("1395.75"),
        number=42,
        issued_at=datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
        logo_url=identity.logo_url,
    )


def _row(
    kind: str,
    quantity: int,
    each: str,
    amount: str,
    *,
    first: int | None = None,
    last: int | None = None,
) -> Row:
    return Row(
        kind=kind,
        tier_name=_TIER,
        starts_on=_MONTH.first,
        ends_on=_MONTH.last,
        quantity=quantity,
        unit_price=Decimal(each),
        amount=Decimal(amount),
        first=first,
        last=last,
    )


def invitation(request: HttpRequest) -> dict[str, object]:
    """What the mail of an invitation says."""
    link = f"{request.scheme}://{request.get_host()}/welcome/"
    return {"name": "Sam Porter", "invited_by": str(request.user), "days": 3, "link": link}
