"""Editing a partner's brand, and what publishing does. Every change is audited.

Publishing is under change control: see `branding.services.brand_changes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from branding import actions, images, storage
from branding.models import Brand
from branding.palette import ColourError, parse_colour
from branding.services.identity import forget_identity, partner_name
from governance.actions import Action
from governance.actors import Actor
from governance.permits import require_permit
from governance.services import audit

PERMISSION = "brand.manage"
# The governed kind, and the one object of it.
KIND, TARGET = "brand", "brand"


@dataclass(frozen=True, slots=True)
class BrandValues:
    """What a person can write about the brand. Colours as `#rrggbb`; the second may be empty.

    Nouns are the partner's words for ours, for one and for many; empty where ours stands.
    """

    name: str
    primary: str
    accent: str = ""
    support_email: str = ""
    sign_in_text: str = ""
    locale: str = "en-gb"
    time_zone: str = "UTC"
    logo_has_name: bool = False
    terms_url: str = ""
    privacy_url: str = ""
    imprint_url: str = ""
    noun_client: str = ""
    noun_clients: str = ""
    noun_workflow: str = ""
    noun_workflows: str = ""
    noun_exception: str = ""
    noun_exceptions: str = ""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Uploaded files' content, and which pictures go. Without an icon the logo makes one."""

    logo: bytes | None = None
    icon: bytes | None = None
    remove_logo: bool = False
    remove_icon: bool = False


_VALUES = (*BrandValues.__dataclass_fields__, "logo", "icon", "icon_given")
_NO_PICTURES = Pictures()


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
    return Brand(**values_of(live))


@transaction.atomic
def edit_brand(actor: Actor, values: BrandValues, pictures: Pictures = _NO_PICTURES) -> Brand:
    """Write the draft. Raises NotPermitted, ValidationError by field, or images.ImageRefused
    (IconRefused for the icon's file).
    """
    actor.require(PERMISSION)
    draft = _locked_draft()
    before = values_of(draft)
    for field, value in asdict(values).items():
        setattr(draft, field, value)
    _set_colours(draft, values)
    _set_pictures(draft, pictures)
    draft.full_clean()
    changed_before, changed_after = audit.changed_fields(before, values_of(draft))
    if changed_after or draft.pk is None:
        draft.edited_by = actor.label[:200]
        draft.save()
    if changed_after:
        _record(actions.BRAND_EDITED, draft, changed_before, changed_after)
    return draft


@transaction.atomic
def discard_draft(actor: Actor) -> None:
    """Throw the draft away. Raises NotPermitted."""
    actor.require(PERMISSION)
    draft = Brand.objects.select_for_update().filter(state=Brand.State.DRAFT).first()
    if draft is None:
        return
    _record(actions.BRAND_DISCARDED, draft, values_of(draft), {})
    draft.delete()


def put_live(values: Mapping[str, object], *, by: str, action: Action) -> Brand:
    """Make exactly these values what everybody sees; a draft that holds them becomes the version.

    by: who is named as having published it. Raises Ungoverned outside an approved change of the
    brand, ValidationError for values that are not taken.
    """
    require_permit(KIND, TARGET)
    live = Brand.objects.select_for_update().filter(state=Brand.State.LIVE).first()
    draft = Brand.objects.select_for_update().filter(state=Brand.State.DRAFT).first()
    is_draft = draft is not None and values_of(draft) == dict(values)
    brand = draft if draft is not None and is_draft else Brand(**values, edited_by=by[:200])
    check_values(brand)
    before = values_of(live) if live else {}
    if live is not None:
        live.state = Brand.State.RETIRED
        live.save(update_fields=["state", "updated_at"])
    brand.state = Brand.State.LIVE
    brand.published_at = timezone.now()
    brand.published_by = by[:200]
    brand.save()
    changed_before, changed_after = audit.changed_fields(before, values_of(brand))
    _record(action, brand, changed_before, changed_after)
    transaction.on_commit(forget_identity)
    return brand


def check_values(brand: Brand) -> None:
    """Raise ValidationError unless pages and mails can carry these values, pictures included."""
    brand.full_clean(validate_constraints=False)  # the live one steps aside
    for field in ("logo", "icon"):
        name = getattr(brand, field)
        if name and not storage.is_whole(name):
            raise ValidationError({field: "The picture is not there as it was. Upload it again."})


def _locked_draft() -> Brand:
    draft = Brand.objects.select_for_update().filter(state=Brand.State.DRAFT).first()
    return draft or brand_to_edit()


def _set_colours(draft: Brand, values: BrandValues) -> None:
    for field, text in (("primary", values.primary), ("accent", values.accent)):
        try:
            setattr(draft, field, parse_colour(text) if text or field == "primary" else "")
        except ColourError as error:
            raise ValidationError({field: str(error)}) from error


def _set_pictures(draft: Brand, pictures: Pictures) -> None:
    if pictures.remove_logo:
        draft.logo, draft.logo_has_name = "", False
    elif pictures.logo is not None:
        draft.logo = storage.keep_picture(images.redraw_logo(pictures.logo))
    if pictures.icon is not None:
        try:
            draft.icon = storage.keep_picture(images.redraw_icon(pictures.icon))
        except images.ImageRefused as error:
            raise images.IconRefused(str(error)) from error
        draft.icon_given = True
    elif pictures.remove_icon or not draft.icon_given:
        draft.icon, draft.icon_given = _icon_from(draft.logo), False


def _icon_from(logo: str) -> str:
    picture = storage.read_picture(logo)
    icon = images.icon_from_logo(picture) if picture else None
    return storage.keep_picture(icon) if icon else ""


def values_of(brand: Brand) -> dict[str, object]:
    """What a version says, by field; pictures by the names of their files."""
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
