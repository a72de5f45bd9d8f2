"""Draft statements, computed from the usage each time, and issuing them for good."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from branding.commercial import actions
from branding.commercial.billing import Draft, Extras, Segment, Span, cut, draft_of, share_of
from branding.commercial.breaches import Breach, breaches_in
from branding.commercial.fees import Fee
from branding.commercial.forecast import Forecast, forecast
from branding.commercial.months import Month
from branding.mail.notices import tell_statement_ready
from branding.models import Statement, StatementLine, Subscription, TierVersion
from branding.services.papers import ring, statement_order
from branding.services.usage import day_of, used_by_day
from governance.actors import Actor
from governance.services import audit
from tenants.accounts.models import Client

# Work that ended at midnight may still commit after it: a month is issued a day later.
GRACE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ClientMonth:
    """One client's month: what it comes to now, and what it will at its end."""

    client: Client
    draft: Draft
    forecast: Forecast
    by_day: Mapping[date, int]

    @property
    def tier_name(self) -> str:
        """The tier at the month's end; empty without one."""
        return self.draft.parts[-1].segment.tier_name if self.draft.parts else ""


def client_months(clients: Iterable[Client], month: Month) -> list[ClientMonth]:
    """Return each client's month, in the clients' order, with three queries for all,
    and one more where a tier credits what was late.
    """
    wanted = list(clients)
    ids = [client.pk for client in wanted]
    usage = used_by_day(ids, month)
    subscribed = _subscribed(ids, month)
    segments = _segments(subscribed, month)
    late = _breaches(wanted, segments, month)
    now = timezone.now()
    found = []
    for client in wanted:
        mine, by_day = segments[client.pk], usage[client.pk]
        extras = Extras(_fees(subscribed[client.pk], month), tuple(late.get(client.pk, ())))
        draft = draft_of(month, mine, by_day, extras)
        ahead = forecast(month, mine, by_day, day_of(now, client.time_zone), extras)
        found.append(ClientMonth(client, draft, ahead, by_day))
    return found


def client_month(client: Client, month: Month) -> ClientMonth:
    """Return one client's month."""
    return client_months([client], month)[0]


def recompute(statement: Statement) -> Draft:
    """Return a statement's month computed anew from what is counted and agreed.

    What was late is taken from the statement itself, since exceptions live on: one that is solved
    and comes back is due at another moment.
    """
    client, month = statement.client, statement.period
    subscribed = _subscribed([client.pk], month)
    lines = statement.lines.all()
    late = [Breach(key, line.starts_on) for line in lines for key in line.told.counted]
    extras = Extras(_fees(subscribed[client.pk], month), tuple(late))
    by_day = used_by_day([client.pk], month)[client.pk]
    return draft_of(month, _segments(subscribed, month)[client.pk], by_day, extras)


@transaction.atomic
def issue_statement(actor: Actor, client: Client, month: Month) -> Statement:
    """Make a month's draft final under the partner's next number.

    Raises NotPermitted; ValidationError when the month is not over for the client, has its
    statement already, or no tier covers a day of it.
    """
    actor.require("prices.manage", client.pk)
    Client.objects.select_for_update().get(pk=client.pk)
    if day_of(timezone.now(), client.time_zone) <= month.last + GRACE:
        raise ValidationError(
            f"{month.label} can be issued after {(month.last + GRACE):%-d %B %Y}."
        )
    if Statement.objects.filter(client=client, month=month.first).exists():
        raise ValidationError(f"{client} has its statement for {month.label} already.")
    draft = client_month(client, month).draft
    if draft.is_empty:
        raise ValidationError(f"{client} was on no tier in {month.label}.")
    statement = _written(actor, client, draft)
    audit.record(
        actions.STATEMENT_ISSUED,
        object_kind="statement",
        object_id=statement.number,
        object_label=f"{statement}, {client}, {month.label}",
        client_id=client.pk,
        after={
            "month": str(month),
            "total": f"{draft.total:f}",
            "currency": draft.currency,
            "used": draft.used,
        },
    )
    ring(statement_order(statement))
    tell_statement_ready(statement)
    return statement


def _subscribed(client_ids: Sequence[int], month: Month) -> dict[int, list[Subscription]]:
    """Return client id → the subscriptions that have a day of the month, in order."""
    rows = Subscription.objects.filter(client_id__in=client_ids, starts_on__lte=month.last)
    found: dict[int, list[Subscription]] = {client_id: [] for client_id in client_ids}
    for row in rows.exclude(ends_on__lt=month.first).order_by("starts_on"):
        found[row.client_id].append(row)
    return found


def _fees(subscriptions: Iterable[Subscription], month: Month) -> tuple[Fee, ...]:
    return tuple(fee for one in subscriptions for fee in one.fees_in(month))


def _breaches(
    clients: Iterable[Client], segments: Mapping[int, Sequence[Segment]], month: Month
) -> dict[int, list[Breach]]:
    """Return client id → breaches, of those whose tier credits any."""
    credited = {
        client.pk: client.time_zone
        for client in clients
        if any(one.prices.credit for one in segments[client.pk])
    }
    return breaches_in(credited, month)


def _segments(
    subscribed: Mapping[int, Sequence[Subscription]], month: Month
) -> dict[int, list[Segment]]:
    """Return client id → the month's segments, with the prices in force in it."""
    versions = _versions({one.tier_id for some in subscribed.values() for one in some}, month)
    return {
        client_id: [
            _segment(month, span, versions[span.tier_id])
            for span in cut(month, [one.span(month) for one in some])
        ]
        for client_id, some in subscribed.items()
    }


def _versions(tier_ids: set[int], month: Month) -> dict[int, TierVersion]:
    rows = (
        TierVersion.objects.filter(tier_id__in=tier_ids, starts_on__lte=month.first)
        .select_related("tier")
        .order_by("tier_id", "-starts_on")
        .distinct("tier_id")
    )
    return {row.tier_id: row for row in rows}


def _segment(month: Month, span: Span, version: TierVersion) -> Segment:
    last = span.ends_on or month.last
    return Segment(
        tier_name=version.tier.name,
        prices=span.agreed.over(version.prices()) if span.agreed else version.prices(),
        first=span.starts_on,
        last=last,
        share=share_of(month, span.starts_on, last),
        costs=version.own_costs,
    )


def _next_number() -> int:
    """Return the number after the last. The lock is kept until the commit, so that two
    who issue at once get two numbers, and one that is rolled back leaves no gap.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('statement number'), hashtext(current_schema()))"
        )
    return (Statement.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def _written(actor: Actor, client: Client, draft: Draft) -> Statement:
    statement = Statement.objects.create(
        client=client,
        number=_next_number(),
        month=draft.month.first,
        currency=draft.currency,
        total=draft.total,
        used=draft.used,
        included=draft.included,
        outside=draft.outside,
        issued_by=actor.label[:200],
    )
    StatementLine.objects.bulk_create(
        StatementLine(
            statement=statement,
            position=position,
            kind=one.line.kind,
            tier_name=one.tier_name,
            starts_on=one.first,
            ends_on=one.last,
            quantity=one.line.quantity,
            unit_price=one.line.unit_price,
            amount=one.line.amount,
            first=one.line.first,
            last=one.line.last,
            details=one.line.told.as_json(),
        )
        for position, one in enumerate(draft.charged(), start=1)
    )
    return statement
