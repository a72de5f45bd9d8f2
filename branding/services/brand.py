"""Editing and publishing a partner's brand. Every change is audited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils import timezone

from branding import actions, images, storage
from branding.models import Brand
from branding.palette import parse_colour
from branding.services.identity import forget_identity, partner_name
from governance.actions import Action
from governance.actors import Actor
from governance.services import audit

PERMISSION = "brand.manage"
_VALUES = (
    "name", "primary", "accent", "support_email", "sign_in_text", "locale", "time_zone",
    "logo", "logo_has_name", "icon",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BrandValues:
    """What a person can write about the brand. Colours as `#rrggbb`; the second may be empty."""

    name: str
    primary: str
    accent: str = ""
    support_email: str = ""
    sign_in_text: str = ""
    locale: str = "en-gb"
    time_zone: str = "UTC"
    logo_has_name: bool = False


def live_brand() -> Brand | None:
    """The published brand, or None before the first publication."""
    return Brand.objects.filter(state=Brand.State.LIVE).first()


def brand_to_edit() -> Brand:
    """The draft, else an unsaved copy of what is live, else an unsaved start."""
    draft = Brand.objects.filter(state=Brand.State.DRAFT).first()
    if draft is not None:
        return draft
    live = live_brand()
    if live is None:
        return Brand(name=partner_name())
    return Brand(**_values(live))


@transaction.atomic
def edit_brand(
    actor: Actor, values: BrandValues, *, logo: bytes | None = None, remove_logo: bool = False
) -> Brand:
    """Write the draft. `logo` is an uploaded file's content.

    Raises NotPermitted, ValidationError by field, or images.ImageRefused.
    """
    actor.require(PERMISSION)
    draft = _locked_draft()
    before = _values(draft)
    for field, value in asdict(values).items():
        setattr(draft, field, value)
    draft.primary = parse_colour(values.primary)
    draft.accent = parse_colour(values.accent) if values.accent else ""
    if remove_logo:
        draft.logo, draft.icon, draft.logo_has_name = "", "", False
    elif logo is not None:
        draft.logo, draft.icon = _keep_logo(logo)
    draft.full_clean()
    draft.save()
    changed_before, changed_after = audit.changed_fields(before, _values(draft))
    if changed_after:
        _record(actions.BRAND_EDITED, draft, changed_before, changed_after)
    return draft


@transaction.atomic
def publish_brand(actor: Actor) -> Brand:
    """Make the draft what everybody sees. Without a draft, what is live stays. Raises NotPermitted
    and Brand.DoesNotExist when there is neither.
    """
    actor.require(PERMISSION)
    live = Brand.objects.select_for_update().filter(state=Brand.State.LIVE).first()
    draft = Brand.objects.select_for_update().filter(state=Brand.State.DRAFT).first()
    if draft is None:
        if live is None:
            raise Brand.DoesNotExist("There is no draft to publish.")
        return live
    before = _values(live) if live else {}
    if live is not None:
        live.state = Brand.State.RETIRED
        live.save(update_fields=["state", "updated_at"])
    draft.state = Brand.State.LIVE
    draft.published_at = timezone.now()
    draft.save(update_fields=["state", "published_at", "updated_at"])
    changed_before, changed_after = audit.changed_fields(before, _values(draft))
    _record(actions.BRAND_PUBLISHED, draft, changed_before, changed_after)
    transaction.on_commit(forget_identity)
    return draft


@transaction.atomic
def discard_draft(actor: Actor) -> None:
    """Throw the draft away. Raises NotPermitted."""
    actor.require(PERMISSION)
    draft = Brand.objects.select_for_update().filter(state=Brand.State.DRAFT).first()
    if draft is None:
        return
    _record(actions.BRAND_DISCARDED, draft, _values(draft), {})
    draft.delete()


def set_up_brand(actor: Actor, values: BrandValues, *, logo: bytes | None = None) -> Brand:
    """Write and publish in one go: for provisioning and demo. The same values change nothing."""
    live = live_brand()
    wanted = asdict(values)
    if live is not None and logo is None and wanted.items() <= _values(live).items():
        return live
    edit_brand(actor, values, logo=logo)
    return publish_brand(actor)


def _locked_draft() -> Brand:
    draft = Brand.objects.select_for_update().filter(state=Brand.State.DRAFT).first()
    return draft or brand_to_edit()


def _keep_logo(upload: bytes) -> tuple[str, str]:
    logo = images.redraw_logo(upload)
    icon = images.icon_from_logo(logo)
    return storage.keep_picture(logo), storage.keep_picture(icon) if icon else ""


def _values(brand: Brand) -> dict[str, object]:
    return {name: getattr(brand, name) for name in _VALUES}


def _record(
    action: Action,
    brand: Brand,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> None:
    audit.record(
        action,
        object_kind="brand",
        object_id=brand.pk,
        object_label=brand.name,
        before=before,
        after=after,
    )
