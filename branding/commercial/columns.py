"""The tier as a column of the list of clients."""

from collections.abc import Sequence

from django.utils import timezone

from branding.models import Subscription
from tenants.accounts.columns import register_column


def tier_names(client_ids: Sequence[int]) -> dict[int, str]:
    """Return what each client is on today."""
    today = timezone.localdate()
    rows = Subscription.objects.filter(client_id__in=client_ids, starts_on__lte=today).exclude(
        ends_on__lt=today
    )
    return dict(rows.order_by().values_list("client_id", "tier__name"))


def register() -> None:
    """Add the column; from AppConfig.ready()."""
    register_column("Tier", "prices.view", tier_names)
