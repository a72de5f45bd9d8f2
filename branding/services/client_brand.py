"""A client's own logo beside the partner's, and the client's forms of numbers, dates and time."""

from __future__ import annotations

from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from branding import actions, images, storage
from branding.models import ClientBrand, Subscription
from branding.services.brand import PERMISSION
from branding.services.identity import forget_identity, in_words
from governance.actors import Actor
from governance.services import audit
from tenants.accounts.locales import is_offered
from tenants.accounts.models import Client


def tier_allows(client: Client) -> bool:
    """Whether the client is, today, on a tier with co-branding."""
    today = timezone.localdate()
    running = Subscription.objects.filter(
        client=client, starts_on__lte=today, tier__co_branding=True
    )
    return running.exclude(ends_on__lt=today).exists()


def client_logo(client: Client) -> str:
    """The stored logo of a client, whether its tier shows it or not; empty without one."""
    row = ClientBrand.objects.filter(client=client).first()
    return row.logo if row else ""


@transaction.atomic
def edit_client_brand(
    actor: Actor,
    client: Client,
    *,
    locale: str,
    time_zone: str,
    logo: bytes | None = None,
    remove_logo: bool = False,
) -> Client:
    """Write a client's override. An empty locale is the brand's; the zone is always the client's.

    Raises NotPermitted, ValidationError by field, and images.ImageRefused. A logo is refused
    while the tier has no co-branding; one that is there can always be removed.
    """
    actor.require(PERMISSION, client.pk)
    locked = Client.objects.select_for_update().get(pk=client.pk)
    if locale and not is_offered(locale):
        raise ValidationError({"locale": "Choose one of the forms on the list."})
    if time_zone not in available_timezones():
        raise ValidationError({"time_zone": "Choose one of the time zones on the list."})
    if logo is not None and not tier_allows(locked):
        raise ValidationError(
            {
                "logo_file": in_words(
                    "The tier has no co-branding. Put the client on one that has it."
                )
            }
        )
    row = ClientBrand.objects.filter(client=locked).first() or ClientBrand(client=locked)
    before = _values(locked, row)
    if remove_logo:
        row.logo = ""
    elif logo is not None:
        row.logo = storage.keep_picture(images.redraw_logo(logo))
    locked.locale, locked.time_zone = locale, time_zone
    old, new = audit.changed_fields(before, _values(locked, row))
    if new:
        row.save()
        locked.save(update_fields=["locale", "time_zone", "updated_at"])
        _record(locked, old, new)
        transaction.on_commit(forget_identity)
    return locked


def _values(client: Client, row: ClientBrand) -> dict[str, object]:
    return {"logo": row.logo, "locale": client.locale, "time_zone": client.time_zone}


def _record(client: Client, before: dict[str, object], after: dict[str, object]) -> None:
    audit.record(
        actions.CLIENT_BRANDED,
        object_kind="client",
        object_id=client.pk,
        object_label=client.name,
        client_id=client.pk,
        before=before,
        after=after,
    )
