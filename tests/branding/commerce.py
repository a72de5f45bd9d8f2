"""Tiers and usage for the tests of commerce."""

from datetime import date
from decimal import Decimal

from django.test.utils import CaptureQueriesContext

from branding.commercial.months import Month
from branding.models import Subscription, Tier
from branding.pricing import Band, PriceList
from branding.services.subscriptions import subscribe
from branding.services.tiers import Terms, add_tier
from branding.services.usage import UsageCount, count_deliveries
from governance.actors import Actor, command_actor
from tenants.accounts.models import Client

BUILDER: Actor = command_actor("tests")
START = Month(2026, 1)
WORKFLOWS = {1: "Time to billing", 2: "Opportunity to project"}


def terms(
    fee: str = "300.00", included: int = 30, price: str = "0.50", currency: str = "EUR"
) -> Terms:
    """A base fee, a volume and one price beyond it."""
    bands = (Band(100, Decimal(price)), Band(None, Decimal(price) / 2))
    return Terms(PriceList(currency, Decimal(fee), included, bands), sla_hours=8)


def make_tier(name: str = "Standard", starts: Month = START, **values: str | int) -> Tier:
    """A tier with prices since January 2026."""
    return add_tier(BUILDER, name=name, terms=terms(**values), starts=starts)  # type: ignore[arg-type]  # by name


def put_on(client: Client, tier: Tier, starts_on: date) -> Subscription:
    """Put a client on a tier."""
    return subscribe(BUILDER, client, tier, starts_on=starts_on)


def used(client: Client, day: date, quantity: int, workflow: int = 1) -> None:
    """Count some deliveries of a workflow."""
    label = WORKFLOWS.get(workflow, f"Workflow {workflow}")
    count_deliveries([UsageCount(client.pk, workflow, label, "deliveries", day, quantity)])


def asked(queries: CaptureQueriesContext) -> list[str]:
    """The statements without the choice of schema that precedes each."""
    return [one["sql"] for one in queries.captured_queries if "search_path" not in one["sql"]]
