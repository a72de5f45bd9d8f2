"""An engagement from its opportunity to recognised revenue, in one line of time.

What happens to thousands of time entries is told once a day: one line for each kind of event,
and one for each system that it was written to.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q

from governance.actors import Actor
from governance.models import Change, ChangeRequest
from governance.templatetags.people import person_name
from mappings.canonical.registry import SCHEMAS, counted
from mappings.models import Mapping
from syncjobs.engine.rows import fetch
from syncjobs.indicators.engagements.chosen import Key, among
from syncjobs.indicators.engagements.facts import Facts
from syncjobs.indicators.throughput import DONE
from syncjobs.models import CanonicalRecord, Delivery, Issue
from tenants.nouns import in_words

# The exception of what a gate misses; the hold is told.
_OF_HOLDS: Final = "missing_prerequisite"
# These name a record of the engagement and seldom carry its identifier.
_BESIDE: Final = frozenset({"assignment", "payment", "revenue_event", "support_case"})


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened; `url_name` and `pk` are the page that says more.

    `listed`: the kind of the engagement's records that it happened to, where they are many.
    """

    at: datetime
    title: str
    text: str = ""
    tone: str = ""
    url_name: str = ""
    pk: int | None = None
    listed: str = ""


def story_of(facts: Facts, actor: Actor, zone: str) -> list[Line]:
    """Return all that happened to an engagement that the actor may see, newest first.

    `zone`: what counts as one day. Eight statements, however much happened.
    """
    params = _members(facts)
    used: set[str] = set()
    workflows: set[int] = set()
    lines = [*_beginnings(facts), *_events({**params, "zone": zone})]
    for row in fetch(_WRITES, {**params, "zone": zone, "written": list(DONE)}):
        *written, of_workflows, slugs = row
        workflows.update(of_workflows)
        used.update(slugs)
        lines.append(_write(facts, *written))
    lines += _holds({**params, "zone": zone})
    if actor.can("exceptions.view"):
        lines += _exceptions(facts.key, params)
    if actor.can("changes.view"):
        lines += _changes(facts.key[0], actor, workflows, used)
    return sorted(lines, key=attrgetter("at"), reverse=True)


def _members(facts: Facts) -> dict[str, Any]:
    """The engagement's records: by its identifier, and those that only name one of these."""
    client, name = facts.key
    beside = [one.pk for one in (*facts.heads, *facts.revenue) if one.engagement != name]
    projects = [one.key for one in facts.heads_of("project")]
    named = CanonicalRecord.objects.filter(
        Q(type__in=("assignment", "support_case"), data__project__in=projects)
        | Q(type="payment", data__invoice__in=[one.key for one in facts.invoices]),
        client_id=client,
        type__in=("assignment", "support_case", "payment"),
        version__gt=0,
    )
    return {
        "client": client,
        "name": name,
        "beside": [*beside, *named.values_list("pk", flat=True)],
    }


def _beginnings(facts: Facts) -> Iterator[Line]:
    for one in facts.heads:
        kind = SCHEMAS[one.type].label
        title = f"First seen: {kind.lower()} {one.key}"
        yield Line(one.created_at, title, one.label, "", "record_detail", one.pk)


def _events(params: dict[str, Any]) -> Iterator[Line]:
    for event, kind, count, at, pk, label in fetch(_EVENTS, params):
        words = event.replace(".", " ").replace("_", " ").capitalize()
        text = label if count == 1 else _counted(count, kind)
        listed = kind if count > 1 and kind not in _BESIDE else ""
        yield Line(at, words, text, "ok", "record_detail", pk, listed)


def _write(
    facts: Facts,
    connection_id: int,
    kind: str,
    state: str,
    count: int,
    at: datetime,
    delivery: int,
    label: str,
) -> Line:
    connection = facts.connections.get(connection_id)
    title = f"{_counted(count, kind)} to {connection}"
    if state != "delivered":
        title = f"{_counted(count, kind)} already right in {connection}"
    text = label if count == 1 else "The latest of them"
    return Line(at, title, text, "info", "delivery_detail", delivery)


def _holds(params: dict[str, Any]) -> Iterator[Line]:
    for missing, count, at, delivery, released_at, by, reason in fetch(_HOLDS, params):
        waits = "" if count == 1 else f"{count} records wait for it"
        yield Line(at, f"On hold: {missing}", waits, "warn", "delivery_detail", delivery)
        if released_at:
            how = ": ".join(part for part in (by, reason) if part)
            yield Line(released_at, f"Released: {missing}", how, "ok", "delivery_detail", delivery)


def _exceptions(key: Key, params: dict[str, Any]) -> Iterator[Line]:
    mine = Delivery.objects.filter(issue_id=OuterRef("pk")).filter(
        record__in=CanonicalRecord.objects.filter(
            Q(among([key])) & ~Q(engagement="") | Q(pk__in=params["beside"])
        )
    )
    noun = in_words("Exception")
    for one in Issue.objects.filter(Exists(mine), client_id=key[0]).exclude(kind=_OF_HOLDS):
        page = ("exception_detail", one.pk)
        yield Line(one.first_at, f"{noun}: {one.title}", "", "bad", *page)
        if one.resolved_at:
            yield Line(one.resolved_at, f"Resolved: {one.title}", one.resolution, "ok", *page)


def _changes(
    client_id: int, actor: Actor, workflows: Iterable[int], slugs: Iterable[str]
) -> Iterator[Line]:
    """Approved changes of the workflows and mappings that wrote for it."""
    of_client = Q(client=None) | Q(client_id=client_id)
    mappings = Mapping.objects.filter(of_client, slug__in=set(slugs)).values_list("pk", flat=True)
    targets = {"mapping_version": list(mappings), "workflow": sorted(workflows)}
    touched = Q(pk__in=())
    for kind, ids in targets.items():
        touched |= Q(kind=kind, target_id__in=[str(one) for one in ids])
    rows = ChangeRequest.objects.filter(
        Exists(Change.objects.filter(touched, request=OuterRef("pk"))), applied_at__isnull=False
    )
    page = "change_detail"
    if actor.client_id is not None:
        rows, page = rows.filter(client_id=actor.client_id), "approval_detail"
    for one in rows.prefetch_related("approvals"):
        signers = ", ".join(person_name(sign.approver_label) for sign in one.approvals.all())
        text = f"Approved by {signers}" if signers else ""
        at = one.applied_at or one.updated_at
        yield Line(at, f"Change: {one.title}", text, "warn", page, one.pk)


def _counted(count: int, kind: str) -> str:
    said = counted(kind, count)
    return said.removeprefix("1 ").capitalize() if count == 1 else said


# Each record's rows are found by their index: the planner does not know how many records an
# engagement has, and OFFSET 0 keeps it from reading all rows of all.
_RECORDS: Final = """
    WITH m AS (
        SELECT id, type, coalesce(nullif(label, ''), key) AS label FROM syncjobs_canonicalrecord
        WHERE client_id = %(client)s AND engagement = %(name)s AND NOT engagement = ''
        UNION ALL
        SELECT id, type, coalesce(nullif(label, ''), key) FROM syncjobs_canonicalrecord
        WHERE id = ANY(%(beside)s::bigint[]) AND NOT engagement = %(name)s
    )
"""
_EVENTS: Final = f"""{_RECORDS}
    SELECT e.type, m.type, count(DISTINCT m.id), max(e.at), max(m.id), max(m.label)
    FROM m CROSS JOIN LATERAL
        (SELECT type, at FROM syncjobs_event WHERE record_id = m.id OFFSET 0) e
    GROUP BY e.type, m.type, date_trunc('day', e.at AT TIME ZONE %(zone)s)
"""  # noqa: S608  our own constants
_WRITES: Final = f"""{_RECORDS}
    SELECT d.connection_id, m.type, d.state, count(DISTINCT m.id), max(d.finished_at), max(d.id),
        max(m.label), array_agg(DISTINCT d.workflow_id), array_agg(DISTINCT d.mapping)
    FROM m CROSS JOIN LATERAL (
        SELECT id, connection_id, state, finished_at, workflow_id, mapping FROM syncjobs_delivery
        WHERE record_id = m.id AND state = ANY(%(written)s::text[]) AND finished_at IS NOT NULL
        OFFSET 0
    ) d
    GROUP BY d.connection_id, m.type, d.state,
        date_trunc('day', d.finished_at AT TIME ZONE %(zone)s)
"""  # noqa: S608
_HOLDS: Final = """
    SELECT h.missing, count(*), max(h.created_at), max(h.delivery_id), max(h.released_at),
        max(h.released_by), max(h.reason)
    FROM syncjobs_hold h
    JOIN syncjobs_delivery d ON d.id = h.delivery_id
    JOIN syncjobs_canonicalrecord r ON r.id = d.record_id
    WHERE h.client_id = %(client)s AND (r.id = ANY(%(beside)s::bigint[])
        OR (r.client_id = %(client)s AND r.engagement = %(name)s))
    GROUP BY h.missing, date_trunc('day', h.created_at AT TIME ZONE %(zone)s),
        date_trunc('day', h.released_at AT TIME ZONE %(zone)s)
"""
