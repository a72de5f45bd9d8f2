"""Impact previews as somebody sees them: in words, and a client's people their own records only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from governance.actors import Actor
from governance.clients import client_names
from governance.errors import PolicyMissing
from governance.impact import VERDICTS, FieldLine
from governance.models import Change, ChangeRequest
from governance.services.impacts import Standing, missing_in_words, standing_of
from governance.services.policies import requirement_of

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "same": ("Same", ""),
    "changed": ("Changed", "warn"),
    "failing": ("Newly failing", "bad"),
    "held": ("Newly held", "warn"),
    "freed": ("Newly going out", "ok"),
}


@dataclass(frozen=True)
class Count:
    """How many records end so. tone: "" where nothing is to be minded."""

    label: str
    number: int
    tone: str


@dataclass(frozen=True)
class MoneyRow:
    """Amounts in one currency, exact. See `governance.impact.Tally`."""

    currency: str
    before: Decimal
    after: Decimal
    difference: Decimal
    stopped: Decimal
    freed: Decimal


@dataclass(frozen=True)
class Moved:
    """By how much a request moves what goes through it, in one currency."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class ExampleView:
    """A record, side by side."""

    verdict: str
    tone: str
    label: str
    what: str
    client: str
    note: str
    lines: list[FieldLine]


@dataclass(frozen=True)
class ImpactView:
    """The preview of one change. tried and what follows tell of the last one that was made."""

    title: str
    standing: Standing
    tried: int = 0
    counts: Sequence[Count] = ()
    money: Sequence[MoneyRow] = ()
    examples: Sequence[ExampleView] = ()
    notes: Sequence[str] = ()
    at: datetime | None = None
    oldest: datetime | None = None
    newest: datetime | None = None

    @property
    def has_report(self) -> bool:
        """Whether there is one to show, be it out of date."""
        return self.at is not None

    @property
    def stops(self) -> bool:
        """Whether any amount newly does not go out."""
        return any(row.stopped for row in self.money)

    @property
    def frees(self) -> bool:
        """Whether any amount newly goes out."""
        return any(row.freed for row in self.money)

    @property
    def moved(self) -> list[MoneyRow]:
        """The currencies in which anything moves."""
        return [row for row in self.money if row.difference or row.stopped or row.freed]


def impact_views(
    actor: Actor, request: ChangeRequest, changes: Sequence[Change]
) -> list[ImpactView]:
    """Return the previews of a request's changes, without those that touch no record."""
    views = [(change, standing_of(change, changes)) for change in changes]
    return [
        _view(actor, request, change, standing)
        for change, standing in views
        if standing.state != "none" or change.impact is not None
    ]


def impact_missing(request: ChangeRequest, changes: Sequence[Change]) -> str:
    """Return why the policy lets nobody sign yet for want of a preview, "" when it does."""
    try:
        if not requirement_of(request, changes).impact:
            return ""
    except PolicyMissing:
        return ""  # told elsewhere, and nothing can be signed
    problems = (missing_in_words(standing_of(one, changes)) for one in changes)
    return next((problem for problem in problems if problem), "")


def is_going(views: Sequence[ImpactView]) -> bool:
    """Say whether any preview is still to come by itself."""
    return any(view.standing.is_going for view in views)


def may_ask_again(actor: Actor, request: ChangeRequest, views: Sequence[ImpactView]) -> bool:
    """Say whether the actor may let missing or outdated previews be made anew."""
    able = actor.can("changes.propose", request.client_id) or actor.can(
        "changes.approve", request.client_id
    )
    lacking = any(view.standing.state in ("failed", "stale") for view in views)
    return able and request.is_open and lacking


def _view(actor: Actor, request: ChangeRequest, change: Change, standing: Standing) -> ImpactView:
    report = change.impact
    if report is None:
        return ImpactView(change.target_label, standing)
    return ImpactView(
        title=change.target_label,
        standing=standing,
        tried=int(report["tried"]),
        counts=[
            Count(_WORDS[name][0], number, _WORDS[name][1] if number else "")
            for name in VERDICTS
            for number in [int(report["counts"].get(name, 0))]
            if number or name != "freed"
        ],
        money=money_rows(report),
        examples=_examples(actor, request, report),
        notes=[str(note) for note in report["notes"]],
        at=_moment(report.get("at")),
        oldest=_moment(report.get("oldest")),
        newest=_moment(report.get("newest")),
    )


def money_rows(report: Mapping[str, Any]) -> list[MoneyRow]:
    """Return a stored preview's money."""
    names = ("before", "after", "difference", "stopped", "freed")
    return [
        MoneyRow(currency, *(Decimal(sums[name]) for name in names))
        for currency, sums in sorted(report["money"].items())
    ]


def moved_amounts(requests: Sequence[int]) -> dict[int, list[Moved]]:
    """Return by how much each request's previews move amounts; without those that move none, and
    without previews that are being made anew."""
    sums: dict[int, dict[str, Decimal]] = {}
    rows = Change.objects.filter(
        request_id__in=requests, impact__isnull=False, impact_due_at__isnull=True
    )
    for pk, money in rows.values_list("request_id", "impact__money") if requests else ():
        for row in money_rows({"money": money or {}}):
            of_request = sums.setdefault(pk, {})
            of_request[row.currency] = of_request.get(row.currency, Decimal(0)) + row.difference
    return {
        pk: [Moved(amount, currency) for currency, amount in found.items() if amount]
        for pk, found in sums.items()
    }


def report_for(actor: Actor, report: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored preview as an actor may read it: examples are records, for those who may
    read records, and for a client's people and programs their own client's."""
    shown = [one for one in report["examples"] if actor.can("records.view", int(one["client_id"]))]
    return {**report, "examples": shown}


def _examples(actor: Actor, request: ChangeRequest, report: Mapping[str, Any]) -> list[ExampleView]:
    shown = report_for(actor, report)["examples"]
    names = client_names(one["client_id"] for one in shown) if request.client_id is None else {}
    return [
        ExampleView(
            verdict=_WORDS[one["verdict"]][0],
            tone=_WORDS[one["verdict"]][1],
            label=one["label"],
            what=one["what"],
            client=names.get(one["client_id"], ""),
            note=one["note"],
            lines=[FieldLine(*line) for line in one["lines"]],
        )
        for one in shown
    ]


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
