"""What its source took back, or deleted: ends what was refused of it, tells what was delivered.

Nothing is taken back in the targets: it may be booked there. A person decides, by one exception
for each workflow and engagement; it closes when all is approved again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from mappings.canonical.registry import counted, schema
from syncjobs.canonical_store import Stored
from syncjobs.engine.flows import Flow, active_flows
from syncjobs.engine.issues import Cause, Occurrence, raise_issues, settle_cause
from syncjobs.engine.rows import fetch
from syncjobs.engine.withdrawn import ask_refused_again
from syncjobs.models import Delivery, Issue
from syncjobs.services.catalogue import WITHDRAWN, title_of
from syncjobs.state import DELIVERY, ISSUE

# As many records of one exception are known by name; with more it is closed by a person.
_MOST: Final = 1_000
# Written, or being written at this moment, or nobody knows.
_MAY_BE_THERE: Final = [DELIVERY.target(move) for move in ("deliver", "claim", "lose_answer")]
Place = tuple[int, str]  # workflow, and the engagement or the record's own key


def tell_withdrawals(client_id: int, stored: Sequence[Stored]) -> set[int]:
    """Raise or close the exceptions of these changes, in the caller's transaction.

    Returns the runs of which something is due again, to be ended: the caller resumes them.
    """
    resumed: set[int] = set()
    turned = [one for one in stored if one.is_changed and one.before is not None]
    if not turned:
        return resumed
    for flow in active_flows(client_id):
        gone, back = _turned(flow, turned)
        if gone:
            resumed |= ask_refused_again(client_id, flow.workflow_id, [one.id for one in gone])
            _raise(client_id, flow, gone)
        if back:
            _settle(client_id, flow, back)
    return resumed


def _turned(flow: Flow, stored: Iterable[Stored]) -> tuple[list[Stored], list[Stored]]:
    """Return what was withdrawn by these changes, and what is as it was again."""
    gone: list[Stored] = []
    back: list[Stored] = []
    for one in stored:
        incoming, before = one.incoming, one.before or {}
        was_deleted = "deleted" in one.changed and not incoming.deleted
        was = flow.definition.is_withdrawn(incoming.type, before, deleted=was_deleted)
        now = flow.definition.is_withdrawn(incoming.type, one.data, deleted=incoming.deleted)
        if was != now:
            (gone if now else back).append(one)
    return gone, back


def _raise(client_id: int, flow: Flow, gone: Sequence[Stored]) -> None:
    by_id = {one.id: one for one in gone}
    params = {
        "workflow": flow.workflow_id,
        "records": [*by_id],
        "there": _MAY_BE_THERE,
    }
    found: dict[Place, dict[str, tuple[str, int]]] = defaultdict(dict)
    systems: dict[Place, dict[str, None]] = defaultdict(dict)
    for record_id, delivery_id, system in fetch(_DELIVERED, params):
        one = by_id[record_id]
        place = flow.workflow_id, _matter(one)
        found[place][one.incoming.key] = (one.incoming.type, delivery_id)
        systems[place][system] = None
    for place, records in sorted(found.items()):
        _raise_one(client_id, flow, place, records, list(systems[place]))


def _raise_one(
    client_id: int,
    flow: Flow,
    place: Place,
    records: dict[str, tuple[str, int]],
    systems: list[str],
) -> None:
    cause = _cause(client_id, place, {"systems": ", ".join(systems)})
    (type_, _), *_ = records.values()
    id_ = raise_issues(
        [
            Occurrence(cause, f"{schema(type_).label} {key} was withdrawn.", delivery_id)
            for key, (_, delivery_id) in sorted(records.items())
        ]
    )[cause.fingerprint]
    issue = Issue.objects.get(pk=id_)
    # What is at stake. One that is still open belongs to what it suffers from itself.
    ids = [delivery_id for _, delivery_id in records.values()]
    Delivery.objects.filter(pk__in=ids, state__in=sorted(DELIVERY.closed)).update(issue=issue)
    keys = sorted({*issue.detail.get("keys", []), *records})[: _MOST + 1]
    _keep(issue, type_, keys, place[1])


def _keep(issue: Issue, type_: str, keys: list[str], matter: str) -> None:
    """Note which records are concerned, and name them in the title."""
    label = schema(type_).label
    what = f"{label} {keys[0]}" if len(keys) == 1 else f"{counted(type_, len(keys))} of {matter}"
    detail = {**issue.detail, "keys": keys, "record_type": label, "what": what}
    title = title_of(WITHDRAWN, detail)
    Issue.objects.filter(pk=issue.pk).update(detail=detail, title=title)


def _settle(client_id: int, flow: Flow, back: Sequence[Stored]) -> None:
    by_matter: dict[str, set[str]] = defaultdict(set)
    for one in back:
        by_matter[_matter(one)].add(one.incoming.key)
    for matter, keys in sorted(by_matter.items()):
        cause = _cause(client_id, (flow.workflow_id, matter), {})
        issue = (
            Issue.objects.select_for_update(no_key=True)
            .filter(fingerprint=cause.fingerprint, state__in=sorted(ISSUE.open))
            .first()
        )
        if issue is None:
            continue
        issue.deliveries.filter(origin__key__in=keys).update(issue=None)
        known = issue.detail.get("keys", [])
        left = [key for key in known if key not in keys]
        if left and left != known:
            _keep(issue, back[0].incoming.type, left, matter)
        elif not left:
            settle_cause(cause)


def _matter(one: Stored) -> str:
    """Return what a person settles together: an engagement, a project, else the record itself."""
    data = one.data or one.before or {}
    return str(data.get("engagement") or data.get("project") or one.incoming.key)


def _cause(client_id: int, place: Place, detail: dict[str, object]) -> Cause:
    return Cause(
        kind=WITHDRAWN, client_id=client_id, same=place, detail=detail, workflow_id=place[0]
    )


# What was written of the records themselves, and, by the event that started it, of others.
_DELIVERED: Final = """
    SELECT DISTINCT ON (f.origin_id, f.connection_id) f.origin_id, f.id, c.name
    FROM (
        SELECT d.id, d.origin_id, d.connection_id FROM syncjobs_delivery d
        WHERE d.record_id = ANY(%(records)s::bigint[]) AND d.origin_id = d.record_id
          AND d.workflow_id = %(workflow)s AND d.state = ANY(%(there)s::text[])
        UNION ALL
        SELECT d.id, d.origin_id, d.connection_id
        FROM syncjobs_run r JOIN syncjobs_delivery d ON d.run_id = r.id
        WHERE r.workflow_id = %(workflow)s
          AND r.correlation IN (
              SELECT e.correlation FROM syncjobs_event e
              WHERE e.record_id = ANY(%(records)s::bigint[])
          )
          AND d.origin_id = ANY(%(records)s::bigint[]) AND d.state = ANY(%(there)s::text[])
    ) f
    JOIN syncjobs_connection c ON c.id = f.connection_id
    ORDER BY f.origin_id, f.connection_id, f.id DESC
"""
