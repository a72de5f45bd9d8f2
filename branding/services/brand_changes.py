"""Publishing the brand, under change control: at once where the rule asks for no approval."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction

from branding import actions
from branding.models import Brand
from branding.models.brand import LEGAL
from branding.services.brand import (
    KIND,
    PERMISSION,
    TARGET,
    BrandValues,
    Pictures,
    check_values,
    edit_brand,
    live_brand,
    put_live,
    values_of,
)
from branding.services.brand_words import labels_in, line_of
from governance.actors import Actor
from governance.appliers import Applier, DiffLine, Risk, reaches_nobody
from governance.errors import ApplyFailed, InvalidProposal
from governance.hashing import json_hash
from governance.models import AuditEntry, Change, ChangeRequest
from governance.permits import laying_down, require_permit
from governance.services.changes import ProposedChange, edit, propose
from governance.services.targets import take_turns
from governance.services.unsigned import asks_nobody, let_in
from governance.state import OPEN

_REASON: Final = "The draft is to be what everybody sees."
_BOUND: Final = frozenset(LEGAL)
_SENT: Final = frozenset({"name", "support_email"})


def publish_brand(actor: Actor, *, reason: str = "") -> ChangeRequest | None:
    """Ask for the draft to be what everybody sees; where the rule asks for no approval it is at
    once. A request for an earlier draft that is still open takes the new content. None without a
    draft: what is live stays.

    Raises NotPermitted, Brand.DoesNotExist when there is neither, ValidationError, InvalidProposal
    for a draft that says what is live, and governance's refusals.
    """
    actor.require(PERMISSION)
    draft, live = Brand.objects.filter(state=Brand.State.DRAFT).first(), live_brand()
    if draft is None:
        if live is None:
            raise Brand.DoesNotExist("There is no draft to publish.")
        return None
    check_values(draft)
    values, before = values_of(draft), values_of(live) if live else {}
    if values == before:
        raise InvalidProposal("The draft is the same as what is live: nothing would change.")
    changed = ", ".join(labels_in(before, values)) or "the first one"
    wanted = ProposedChange(
        KIND, TARGET, "Brand", {"values": values}, editor_ids=_drafters(draft.pk)
    )
    return _ask(actor, f"Publish the brand: {changed}", reason.strip() or _REASON, wanted)


def revert_brand(actor: Actor, pk: int, *, reason: str = "") -> ChangeRequest | None:
    """Ask for the values of an earlier version again, as a new version; a draft stays as it is.
    None for what is live.

    Raises NotPermitted, Brand.DoesNotExist for what was never live, ValidationError for values
    that are not taken any more, and governance's refusals.
    """
    actor.require(PERMISSION)
    live = live_brand()
    earlier = Brand.objects.exclude(state=Brand.State.DRAFT).get(pk=pk)
    values = values_of(earlier)
    if live is not None and values == values_of(live):
        return None
    check_values(Brand(**values))
    wanted = ProposedChange(KIND, TARGET, "Brand", {"values": values, "again": earlier.pk})
    return _ask(
        actor,
        f"Publish an earlier brand again: {earlier.name}",
        reason.strip() or "An earlier version is to be what everybody sees.",
        wanted,
    )


def set_up_brand(actor: Actor, values: BrandValues, *, logo: bytes | None = None) -> Brand:
    """Write and publish in one go, for provisioning and the demo; returns what is live then. The
    same values change nothing, and the first brand of a new partner is laid down.
    """
    live = live_brand()
    wanted = asdict(values)
    if live is not None and logo is None and wanted.items() <= values_of(live).items():
        return live
    draft = edit_brand(actor, values, Pictures(logo=logo))
    if live is not None:
        publish_brand(actor)
        return Brand.objects.get(state=Brand.State.LIVE)
    with transaction.atomic(), laying_down(actor, KIND, TARGET):
        return put_live(values_of(draft), by=actor.label, action=actions.BRAND_PUBLISHED)


def open_publication() -> ChangeRequest | None:
    """The request to publish a brand that still waits, the newest first."""
    found = ChangeRequest.objects.filter(status__in=OPEN, changes__kind=KIND)
    return found.order_by("-pk").first()


def _ask(actor: Actor, title: str, reason: str, wanted: ProposedChange) -> ChangeRequest:
    """Propose it, or put it in the place of an earlier draft's that is still open, and let it in
    if nobody signs."""
    with transaction.atomic():
        take_turns(KIND, TARGET)
        waiting = open_publication()
        theirs = _earlier_draft(waiting) if waiting is not None else None
        if waiting is None or theirs is None or "again" in wanted.content:
            silent = asks_nobody(KIND)
            asked = propose(
                actor, title=title, reason=reason, changes=[wanted], announce=not silent
            )
        elif theirs != wanted.content:
            asked = edit(actor, waiting.pk, changes=[wanted])
            asked.title, asked.reason = title[:200], reason
            asked.save(update_fields=["title", "reason"])
        else:
            asked = waiting
    return let_in(actor, asked.pk)


def _earlier_draft(request: ChangeRequest) -> Mapping[str, object] | None:
    """What a request asks for, if that is a draft's values and nothing else."""
    changes = list(request.changes.all())
    if len(changes) != 1 or request.rolls_back_id or "again" in changes[0].content:
        return None
    return dict(changes[0].content)


def _drafters(draft_id: int) -> tuple[int, ...]:
    """Everybody who wrote the draft, by the audit trail: none of them may sign it."""
    found = AuditEntry.objects.filter(
        object_kind="brand",
        object_id=str(draft_id),
        action=actions.BRAND_EDITED.key,
        actor_kind="person",
        actor_id__isnull=False,
    )
    return tuple(sorted({one for one in found.values_list("actor_id", flat=True) if one}))


def _read(change: Change) -> dict[str, object]:
    """The values that a request holds: all of them, and nothing else."""
    values = change.content.get("values")
    if not isinstance(values, dict) or set(values) != set(values_of(Brand())):
        raise InvalidProposal("This is no brand. Save a draft in the editor and publish it.")
    return values


def _apply(change: Change, actor: Actor) -> Mapping[str, object]:
    require_permit(KIND, change.target_id)
    action = actions.BRAND_REVERTED if "again" in change.content else actions.BRAND_PUBLISHED
    values = _read(change)
    try:
        put_live(values, by=change.request.author_label, action=action)
    except ValidationError as error:
        raise ApplyFailed(" ".join(error.messages)) from error
    return {"values": values}


def _live_values() -> dict[str, object]:
    live = live_brand()
    return values_of(live) if live else {}


def _diff(change: Change) -> list[DiffLine]:
    before, after = _live_values(), _read(change)
    lines: list[DiffLine] = []
    for name, value in after.items():
        was = line_of(name, before.get(name))
        now = line_of(name, value)
        if was != now:
            lines += [DiffLine("-", was)] if before else []
            lines.append(DiffLine("+", now))
    return lines


def _risk(change: Change) -> Risk:
    before, after = _live_values(), _read(change)
    moved = {name for name, value in after.items() if value != before.get(name)}
    notes = []
    if moved & _BOUND:
        notes.append("Legal links change: people are held to the pages behind them.")
    if moved & _SENT:
        notes.append("Mails and papers go out under another name or support address.")
    return Risk(notes=tuple(notes))


def _base(target_id: str) -> str:
    live = _live_values()
    return json_hash(live) if live else ""


def _revert(change: Change) -> Mapping[str, object] | None:
    was = (change.before or {}).get("values")
    return {"values": was, "again": 0} if was else None


BRAND: Final = Applier(
    kind=KIND,
    label="Brand",
    apply=_apply,
    diff=_diff,
    risk=_risk,
    base_version=_base,
    snapshot=lambda target_id: {"values": _live_values()},
    revert=_revert,
    may_go_unsigned=True,
    of_partner=True,
    permission=PERMISSION,
    reaches=reaches_nobody,
)
