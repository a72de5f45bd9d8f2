"""Evidence of change control over a period, drawn up by the system from its own records."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Prefetch, Q
from django.utils import timezone

from governance.actions import CHANGE_APPLIED, action_label
from governance.actors import Actor
from governance.appliers import kind_label
from governance.clients import client_names
from governance.evidence import (
    Evidence,
    Period,
    Section,
    Story,
    sections_of,
    utc,
    verification_of,
)
from governance.models import Approval, Attachment, AuditEntry, Change, ChangeRequest
from governance.objects import door_words
from governance.services.impact_views import MoneyRow, money_rows

_SIGNS = {"+": "added: ", "-": "removed: "}
_OBJECT = "change_request"
_OURSELVES = ("system", "task")
_VERDICTS = {
    "same": "the same",
    "changed": "changed",
    "failing": "newly failing",
    "held": "newly held",
    "freed": "newly going out",
}


def collect(actor: Actor, period: Period) -> Evidence:
    """Return the evidence of a period. Whoever gives it out records that.

    Raises NotPermitted: it tells of all clients, so only the partner's own people get it.
    """
    actor.require("audit.view", None)
    touched = _touched(period)
    requests = _population(period, touched)
    steps = _steps([request.pk for request in requests])
    names = client_names(request.client_id for request in requests)
    stories = [
        _story(request, names.get(request.client_id or 0, ""), steps[request.pk])
        for request in requests
    ]
    return Evidence(
        period=period,
        made_at=timezone.now(),
        made_by=actor.label,
        population=_population_in_words(
            period, requests, steps, touched - {request.pk for request in requests}
        ),
        stories=stories,
        emergencies=_emergencies(requests, steps),
        sections=sections_of(period),
        verification=verification_of(period),
    )


def _touched(period: Period) -> set[int]:
    """Return the requests that the trail tells of in a period."""
    entries = AuditEntry.objects.filter(
        object_kind=_OBJECT, at__gte=period.since, at__lt=period.until
    )
    ids = entries.order_by().values_list("object_id", flat=True).distinct()
    return {int(one) for one in ids if one.isdecimal()}


def _population(period: Period, touched: set[int]) -> list[ChangeRequest]:
    """Return every request that anything happened to in the period, whatever became of it."""
    inside = {"gte": period.since, "lt": period.until}
    moments = ("created_at", "submitted_at", "applied_at")
    found = Q(pk__in=touched)
    for moment in moments:
        found |= Q(**{f"{moment}__{how}": at for how, at in inside.items()})
    rows = ChangeRequest.objects.filter(found).order_by("pk")
    return list(
        rows.select_related("rolls_back").prefetch_related(
            "changes",
            "approvals",
            "rollbacks",
            Prefetch("attachments", Attachment.objects.defer("content")),
        )
    )


def _steps(ids: Sequence[int]) -> Mapping[int, list[AuditEntry]]:
    """Return what the trail says of each request, also outside the period, oldest first."""
    found: dict[int, list[AuditEntry]] = defaultdict(list)
    rows = AuditEntry.objects.filter(object_kind=_OBJECT, object_id__in=[str(one) for one in ids])
    for entry in rows.order_by("at", "id"):
        found[int(entry.object_id)].append(entry)
    return found


def _population_in_words(
    period: Period,
    requests: Sequence[ChangeRequest],
    steps: Mapping[int, list[AuditEntry]],
    gone: set[int],
) -> list[str]:
    """Say what the population is, and hold two independent counts against each other.

    gone: requests that the trail tells of and that are not in the table."""
    live = {one.pk for one in requests if period.has(one.applied_at)}
    told = {
        pk
        for pk, entries in steps.items()
        if any(one.action == CHANGE_APPLIED.key and period.has(one.at) for one in entries)
    }
    chosen = (
        f"Change requests: {len(requests)}. These are all that were proposed, decided or applied "
        "in the period, taken from the table of requests and from the audit trail by the system; "
        "nobody chose among them."
    )
    counted = (
        f"Gone live in the period: {len(live)} by the requests, {len(told)} by the audit trail."
    )
    if live == told and not gone:
        return [chosen, counted, "The two agree."]
    differing = ", ".join(str(one) for one in sorted({*(live ^ told), *gone}))
    return [chosen, counted, f"The two DISAGREE about the requests {differing}."]


def _story(request: ChangeRequest, concerns: str, steps: Sequence[AuditEntry]) -> Story:
    applied = [one for one in steps if one.action == CHANGE_APPLIED.key]
    notes = [str(note) for note in request.risk.get("notes", [])]
    money = "Touches money" if request.touches_money else "Does not touch money"
    return Story(
        number=request.pk,
        title=request.title,
        reason=request.reason,
        ticket=request.ticket,
        concerns=f"{concerns} ({', '.join(request.entities)})" if request.entities else concerns,
        author=request.author_label,
        writers=", ".join(str(one["label"]) for one in request.editors),
        status=request.get_status_display(),
        risk=". ".join([money, *(note.rstrip(".") for note in notes)]) + ".",
        emergency=request.emergency,
        revision=request.revision,
        content_hash=request.content_hash,
        proposed=utc(request.submitted_at),
        applied=utc(request.applied_at),
        applied_by=_applier(applied[-1]) if applied else "",
        closed_by=request.closed_by_label,
        links=_links(request),
        files=[
            (one.name, str(one.size), one.sha256, one.by_label, utc(one.at))
            for one in request.attachments.all()
        ],
        approvals=[_approval(request, one) for one in request.approvals.all()],
        impacts=[
            line
            for change in request.changes.all()
            for line in _impact(change, signed=bool(request.approvals.all()))
        ],
        changed=[_changed(change) for change in request.changes.all()],
        steps=[
            (
                utc(one.at),
                "the system" if one.actor_kind in _OURSELVES else one.actor_label,
                door_words(one.door),
                action_label(one.action),
                _why(one),
            )
            for one in steps
        ],
    )


def _applier(entry: AuditEntry) -> str:
    by_itself = entry.actor_kind in _OURSELVES
    return "the system, at its moment" if by_itself else entry.actor_label


def _links(request: ChangeRequest) -> list[str]:
    """Say what took a change back, or what it took back."""
    found = []
    if request.rolls_back is not None:
        found.append(f"It rolls back change {request.rolls_back_id}, “{request.rolls_back}”.")
    for back in request.rollbacks.all():
        how = f"went live on {utc(back.applied_at)}" if back.applied_at else "is not live"
        found.append(f"Change {back.pk} rolls it back and {how}.")
    return found


def _why(entry: AuditEntry) -> str:
    """Return the reason of a step, with what else a reader has to know of it."""
    told = entry.after or {}
    if "records" in told:
        return f"{told['records']} record{'' if told['records'] == 1 else 's'}"
    if "scheduled_for" in told:
        return f"For {utc(datetime.fromisoformat(str(told['scheduled_for'])))}. {entry.reason}"
    return entry.reason


def _approval(request: ChangeRequest, approval: Approval) -> tuple[str, ...]:
    counts = approval.content_hash == request.content_hash
    if request.applied_at is None:
        before = "Not live"
    else:
        before = "Yes" if approval.at <= request.applied_at else "NO"
    return (
        approval.approver_label,
        "The client" if approval.client_id else "The partner",
        utc(approval.at),
        "Counts" if counts else "Void: earlier content",
        before,
        approval.comment,
    )


def _impact(change: Change, *, signed: bool) -> list[str]:
    report = change.impact
    if report is None:
        return []
    ended = ((report["counts"].get(name, 0), word) for name, word in _VERDICTS.items())
    counts = ", ".join(f"{number:,} {word}" for number, word in ended if number)
    made = utc(datetime.fromisoformat(report["at"]))
    bound = "part of what" if change.impact_digest else "not part of what"
    bound += " was signed" if signed else " is to be signed"
    of = report["tried"]
    tried = (
        f"{change.target_label}: {of:,} record{'' if of == 1 else 's'} tried on {made}"
        f"{': ' if counts else ''}{counts} ({bound}; digest {change.impact_digest or 'none'})."
    )
    return [*(_money(row) for row in money_rows(report)), tried]


def _money(row: MoneyRow) -> str:
    said = (
        f"{row.currency} {row.before:,f} before, {row.currency} {row.after:,f} after: "
        f"difference {row.difference:+,f}"
    )
    if row.stopped:
        said += f"; {row.stopped:,f} no longer going out"
    if row.freed:
        said += f"; {row.freed:,f} newly going out"
    return f"{said}."


def _changed(change: Change) -> tuple[str, str, str, list[str]]:
    lines = [f"{_SIGNS[sign]}{text}" for sign, text in change.diff if sign in _SIGNS]
    was = _version((change.before or {}).get("version") or change.base_version or "none")
    became = _version((change.after or {}).get("version") or "not applied")
    return (f"{kind_label(change.kind)}: {change.target_label}", was, became, lines)


def _version(version: object) -> str:
    """A number as it is; a fingerprint by its beginning."""
    text = str(version)
    return f"{text[:12]}…" if len(text) > 24 else text


def _emergencies(
    requests: Sequence[ChangeRequest], steps: Mapping[int, list[AuditEntry]]
) -> Section:
    """Changes that went in before their approval, and what the trail says of their review."""
    rows = []
    for request in requests:
        if not request.emergency:
            continue
        reviews = [one for one in steps[request.pk] if "review" in one.action]
        told = "; ".join(
            f"{utc(one.at)} {action_label(one.action)}: {one.actor_label} {one.reason}".strip()
            for one in reviews
        )
        rows.append(
            (
                str(request.pk),
                request.title,
                request.reason,
                request.author_label,
                utc(request.applied_at),
                request.get_status_display(),
                told or "NOT REVIEWED",
            )
        )
    return Section(
        "Emergency changes",
        ("Change", "Title", "Reason", "By", "Live since", "State", "Reviews"),
        rows,
        "Changes that went live at once, and who looked at them afterwards.",
    )
