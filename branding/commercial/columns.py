"""The tier, and what the month comes to so far, as columns of the list of clients."""

from collections.abc import Sequence

from django.utils import timezone

from branding.commercial.billing import Draft
from branding.commercial.months import Month
from branding.models import Subscription
from branding.services.statements import client_months
from tenants.accounts.columns import register_column
from tenants.accounts.models import Client


def tier_names(client_ids: Sequence[int]) -> dict[int, str]:
    """Return what each client is on today."""
    today = timezone.localdate()
    rows = Subscription.objects.filter(client_id__in=client_ids, starts_on__lte=today).exclude(
        ends_on__lt=today
    )
    return dict(rows.order_by().values_list("client_id", "tier__name"))


def drafts(client_ids: Sequence[int]) -> dict[int, Draft]:
    """Return what each client's next statement comes to so far, if a tier covers the month."""
    clients = Client.objects.filter(pk__in=client_ids)
    months = client_months(clients, Month.of(timezone.localdate()))
    return {one.client.pk: one.draft for one in months if not one.draft.is_empty}


def register() -> None:
    """Add the columns; from AppConfig.ready()."""
    folder = "branding/commercial"
    register_column("Tier", "prices.view", tier_names, f"{folder}/tier_cell.html")
    register_column("Next statement", "prices.view", drafts, f"{folder}/month_cell.html")
