"""Editing and publishing a partner's brand. Every change is audited."""

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
from governance.services import audit

PERMISSION = "brand.manage"


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
    return Brand(**_values(live))


@transaction.atomic
def edit_brand(actor: Actor, values: BrandValues, pictures: Pictures = _NO_PICTURES) -> Brand:
    """Write the draft. Raises NotPermitted, ValidationError by field, or images.ImageRefused
    (IconRefused for the icon's file).
    """
    actor.require(PERMISSION)
    draft = _locked_draft()
    before = _values(draft)
    for field, value in asdict(values).items():
        setattr(draft, field, value)
    _set_colours(draft, values)
    _set_pictures(draft, pictures)
    draft.full_clean()
    changed_before, changed_after = audit.changed_fields(before, _values(draft))
    if changed_after or draft.pk is None:
        draft.edited_by = actor.label[:200]
        draft.save()
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
    return _make_live(actor, draft, live, actions.BRAND_PUBLISHED)


@transaction.atomic
def revert_brand(actor: Actor, pk: int) -> Brand:
    """Publish the values of an earlier version again, as a new version; a draft stays as it is.

    Raises NotPermitted, Brand.DoesNotExist for what was never live, and ValidationError for
    values that are not taken any more. The version that is live changes nothing.
    """
    actor.require(PERMISSION)
    live = Brand.objects.select_for_update().filter(state=Brand.State.LIVE).first()
    earlier = Brand.objects.exclude(state=Brand.State.DRAFT).get(pk=pk)
    if earlier == live:
        return earlier
    again = Brand(**_values(earlier), edited_by=actor.label[:200])
    again.full_clean(validate_constraints=False)  # the live one steps aside below
    return _make_live(actor, again, live, actions.BRAND_REVERTED)


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
    edit_brand(actor, values, Pictures(logo=logo))
    return publish_brand(actor)


def changes_of(version: Brand, earlier: Brand | None) -> list[str]:
    """The labels of the values in which a version differs from the one before it."""
    before = _values(earlier) if earlier else {}
    names = [name for name, value in _values(version).items() if value != before.get(name)]
    labels = {field.name: str(field.verbose_name) for field in Brand._meta.fields}
    return list(dict.fromkeys(labels[name] for name in names)) if earlier else []


def _make_live(actor: Actor, brand: Brand, live: Brand | None, action: Action) -> Brand:
    """Put a version in the place of the one that is live, and record it."""
    before = _values(live) if live else {}
    if live is not None:
        live.state = Brand.State.RETIRED
        live.save(update_fields=["state", "updated_at"])
    brand.state = Brand.State.LIVE
    brand.published_at = timezone.now()
    brand.published_by = actor.label[:200]
    brand.save()
    changed_before, changed_after = audit.changed_fields(before, _values(brand))
    _record(action, brand, changed_before, changed_after)
    transaction.on_commit(forget_identity)
    return brand


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
