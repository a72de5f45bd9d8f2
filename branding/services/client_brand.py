"""A client's own logo beside the partner's, under change control, and the client's forms of
numbers, dates and time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from branding import actions, images, storage
from branding.models import ClientBrand, Subscription
from branding.services.brand import PERMISSION
from branding.services.brand_words import picture_words
from branding.services.identity import forget_identity, in_words
from branding.storage import picture_version
from governance.actors import Actor
from governance.appliers import Applier, DiffLine, Risk
from governance.errors import ApplyFailed
from governance.models import Change, ChangeRequest
from governance.permits import require_permit
from governance.services import audit
from governance.services.changes import ProposedChange, edit, propose
from governance.services.targets import take_turns
from governance.services.unsigned import asks_nobody, let_in
from governance.state import OPEN
from tenants.accounts.locales import is_offered
from tenants.accounts.models import Client

KIND: Final = "client_brand"
_NO_CO_BRANDING: Final = "The tier has no co-branding. Put the client on one that has it."


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


def edit_client_brand(
    actor: Actor,
    client: Client,
    *,
    locale: str,
    time_zone: str,
    logo: bytes | None = None,
    remove_logo: bool = False,
) -> Client:
    """Write a client's forms, and ask for its logo: at once where the rule asks for no approval
    (see `open_logo` for one that waits). An empty locale is the brand's; the zone is always the
    client's.

    Raises NotPermitted, ValidationError by field, images.ImageRefused, and governance's refusals.
    A logo is refused while the tier has no co-branding; one that is there can always be removed.
    """
    actor.require(PERMISSION, client.pk)
    if logo is not None and not tier_allows(client):
        raise ValidationError({"logo_file": in_words(_NO_CO_BRANDING)})
    wanted = client_logo(client)
    if remove_logo:
        wanted = ""
    elif logo is not None:
        wanted = storage.keep_picture(images.redraw_logo(logo))
    locked = _write_forms(client, locale, time_zone)
    if wanted != client_logo(client):
        _ask_for_logo(actor, locked, wanted)
    return locked


@transaction.atomic
def _write_forms(client: Client, locale: str, time_zone: str) -> Client:
    locked = Client.objects.select_for_update().get(pk=client.pk)
    if locale and not is_offered(locale):
        raise ValidationError({"locale": "Choose one of the forms on the list."})
    if time_zone not in available_timezones():
        raise ValidationError({"time_zone": "Choose one of the time zones on the list."})
    before = _forms(locked)
    locked.locale, locked.time_zone = locale, time_zone
    old, new = audit.changed_fields(before, _forms(locked))
    if new:
        locked.save(update_fields=["locale", "time_zone", "updated_at"])
        _record(locked, old, new)
        transaction.on_commit(forget_identity)
    return locked


def open_logo(client: Client) -> ChangeRequest | None:
    """The request for another logo of this client that still waits, the newest first."""
    found = ChangeRequest.objects.filter(
        status__in=OPEN, changes__kind=KIND, changes__target_id=str(client.pk)
    )
    return found.order_by("-pk").first()


def _ask_for_logo(actor: Actor, client: Client, logo: str) -> None:
    """Propose it, or put it in the place of what waits, and let it in if nobody signs."""
    verb = "Show another logo of" if logo else "Remove the logo of"
    title = f"{verb} {client.name}"[:200]
    wanted = ProposedChange(
        KIND, str(client.pk), f"Logo of {client.name}", {"logo": logo}, client.pk
    )
    with transaction.atomic():
        take_turns(KIND, wanted.target_id)
        asked = _replaceable(client)
        if asked is None:
            asked = propose(
                actor,
                title=title,
                reason="It stands beside the partner's own logo.",
                changes=[wanted],
                announce=not asks_nobody(KIND, client.pk),
            )
        elif asked.changes.get().content != wanted.content:
            asked = edit(actor, asked.pk, changes=[wanted])
            asked.title = title
            asked.save(update_fields=["title"])
    let_in(actor, asked.pk)


def _replaceable(client: Client) -> ChangeRequest | None:
    """The open request that asks for a logo and nothing else, and takes nothing back."""
    waiting = open_logo(client)
    if waiting is None or waiting.rolls_back_id or waiting.changes.count() != 1:
        return None
    return waiting


def _live(target_id: str) -> tuple[Client, str]:
    client = Client.objects.get(pk=int(target_id))
    return client, client_logo(client)


def _apply(change: Change, actor: Actor) -> Mapping[str, object]:
    require_permit(KIND, change.target_id)
    client, before = _live(change.target_id)
    logo = str(change.content.get("logo", ""))
    if logo and not storage.is_whole(logo):
        raise ApplyFailed("The picture is not there as it was. Upload it again.")
    if logo and not tier_allows(client):
        raise ApplyFailed(in_words(_NO_CO_BRANDING))
    ClientBrand.objects.update_or_create(client=client, defaults={"logo": logo})
    _record(client, {"logo": before}, {"logo": logo})
    transaction.on_commit(forget_identity)
    return {"logo": logo}


def _diff(change: Change) -> list[DiffLine]:
    _, before = _live(change.target_id)
    logo = str(change.content.get("logo", ""))
    lines = [DiffLine("-", f"Logo: {picture_words(before)}")] if before else []
    return [*lines, DiffLine("+", f"Logo: {picture_words(logo)}" if logo else "Logo: none")]


CLIENT_BRAND: Final = Applier(
    kind=KIND,
    label="Logo of a client",
    apply=_apply,
    diff=_diff,
    risk=lambda change: Risk(),
    base_version=lambda target_id: picture_version(_live(target_id)[1]),
    snapshot=lambda target_id: {"logo": _live(target_id)[1]},
    revert=lambda change: {"logo": str((change.before or {}).get("logo", ""))},
    may_go_unsigned=True,
    permission=PERMISSION,
)


def _forms(client: Client) -> dict[str, object]:
    return {"locale": client.locale, "time_zone": client.time_zone}


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
