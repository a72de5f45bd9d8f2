"""What must hold between two turns of the engine, and at a mix's end."""

from collections import Counter, defaultdict
from typing import Any

from django.db import connection

from syncjobs.models import (
    CanonicalRecord,
    Connection,
    Delivery,
    ExternalRef,
    Hold,
    InboundEvent,
    Issue,
    RecordVersion,
    Run,
)
from syncjobs.state import (
    BLOCKED,
    CLAIMABLE,
    DELIVERY,
    INBOUND,
    ISSUE,
    MACHINES,
    MOVING,
    NEEDS_PERSON,
    RUN,
    UNUSABLE,
)
from tenants.context import current_schema
from tenants.postgres import roles
from tests.chaos.mixes.systems import Line, Source, Target
from tests.syncjobs.dangling import dangling

# A worker that came may die: the bell expects it back within a minute.
SLACK = 60.5
# Exceptions of a connection or a workflow rather than of rows.
OF_OTHERS = frozenset(
    {
        "system_unreachable",
        "credentials_refused",
        "reading_failed",
        "deliveries_late",
        "deletions_in_doubt",
    }
)
MACHINE_OF = {
    "syncjobs_delivery": "delivery",
    "syncjobs_run": "run",
    "syncjobs_issue": "exception",
    "syncjobs_connection": "connection",
    "syncjobs_workflow": "workflow",
    "syncjobs_inboundevent": "inbound record",
}


_NOTE = """
    CREATE FUNCTION mix_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO mix_moves VALUES (TG_TABLE_NAME, OLD.state, NEW.state); RETURN NEW;
    END $$
"""


def watch_moves() -> None:
    """Let the database note each change of a state from now on."""
    schema = current_schema()
    with roles.owner_connection() as owner:
        for statement in (
            f'SET search_path = "{schema}"',
            "CREATE TABLE mix_moves (name text, old text, new text)",
            "GRANT SELECT, INSERT, DELETE ON mix_moves TO PUBLIC",
            _NOTE,
            *(
                f"CREATE TRIGGER mix_note AFTER UPDATE ON {table} FOR EACH ROW "
                "WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION mix_note()"
                for table in MACHINE_OF
            ),
        ):
            owner.execute(statement.encode())


def forget_moves() -> None:
    """Begin anew."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM mix_moves")


def moves_are_allowed() -> None:
    """Every change of a state is in its machine's table."""
    allowed = {
        table: {
            (source, target)
            for one in MACHINES
            if one.noun == noun
            for sources, target in one.moves.values()
            for source in sources
        }
        for table, noun in MACHINE_OF.items()
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT name, old, new FROM mix_moves")
        found = cursor.fetchall()
    wrong = [one for one in found if (one[1], one[2]) not in allowed[one[0]]]
    assert not wrong, f"no such way in the table: {wrong}"


def somebody_comes() -> None:
    """What is due, now or later, has a wake-up that is no later."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.id, d.state, extract(epoch FROM w.due_at - greatest("
            "  d.not_before, c.breaker_until, statement_timestamp())) AS late "
            "FROM syncjobs_delivery d JOIN syncjobs_connection c ON c.id = d.connection_id "
            "JOIN syncjobs_workflow f ON f.id = d.workflow_id "
            "CROSS JOIN public.tenants_wakeup w WHERE w.schema_name = %s "
            "AND d.state = ANY(%s) AND f.state = 'active' AND c.state <> ALL(%s)",
            [current_schema(), sorted(CLAIMABLE), sorted(UNUSABLE)],
        )
        found = cursor.fetchall()
    late = [one for one in found if one[2] is None or one[2] > SLACK]
    assert not late, f"due, and nobody comes in time: {late}"


def counters_are_right() -> None:
    """Each run of which nothing moves says of its deliveries what they are."""
    counted: dict[int, Counter[str]] = defaultdict(Counter)
    for run_id, state in Delivery.objects.values_list("run_id", "state"):
        counted[run_id][state] += 1
    for run in Run.objects.exclude(kind=Run.Kind.INTAKE):
        own = counted[run.pk]
        if not own and not run.planned:
            continue
        moving = sum(own[one] for one in MOVING)
        if moving:  # counted at the end of the turn that sees it through
            assert run.state in (RUN.start, "cancelled"), f"run {run.pk} is {run.state}: {own}"
            continue
        wanted = {
            "planned": sum(own.values()),
            "delivered": own["delivered"],
            "unchanged": own["unchanged"],
            "blocked": sum(own[one] for one in BLOCKED),
            "failed": sum(own[one] for one in NEEDS_PERSON),
            "dropped": own["cancelled"] + own["skipped"],
        }
        says = {name: getattr(run, name) for name in wanted}
        assert says == wanted, f"run {run.pk} ({run.kind}, {run.state}) says {says}, is {wanted}"
        if run.state != "cancelled":
            assert run.state != RUN.start, f"run {run.pk} is {run.state}: {own}"
        assert bool(run.ended_at) == (run.state != RUN.start), f"run {run.pk}: its end"


def what_stops_is_told() -> None:
    """What needs a person says why, and an exception that is open has something open to it."""
    rows = Delivery.objects.filter(state__in=sorted(NEEDS_PERSON | {"held"}))
    silent = [
        (one.pk, one.state, one.outcome, one.error_text)
        for one in rows.select_related("issue")
        if one.issue is None or (one.issue.state in ISSUE.closed and one.issue.resolved_by == "")
    ]
    assert not silent, f"stopped, and no exception says so: {silent}"
    held = set(Delivery.objects.filter(state="held").values_list("pk", flat=True))
    holding = set(Hold.objects.filter(released_at=None).values_list("delivery_id", flat=True))
    assert held <= holding, f"held without a hold: {held - holding}"
    assert holding <= set(open_ids()), f"a hold of what has ended: {holding - set(open_ids())}"
    of_open = set(Delivery.objects.filter(pk__in=open_ids()).values_list("issue_id", flat=True))
    of_open |= set(
        InboundEvent.objects.filter(state__in=sorted(INBOUND.open)).values_list(
            "issue_id", flat=True
        )
    )
    alone = [
        (one.pk, one.kind, one.title)
        for one in Issue.objects.filter(state__in=sorted(ISSUE.open)).exclude(kind__in=OF_OTHERS)
        if one.pk not in of_open
    ]
    assert not alone, f"exceptions whose cause is gone: {alone}"
    refused = set(Connection.objects.filter(state="refused").values_list("pk", flat=True))
    told = set(
        Issue.objects.filter(kind="credentials_refused", state__in=sorted(ISSUE.open)).values_list(
            "connection_id", flat=True
        )
    )
    by_hand = set(
        Issue.objects.filter(kind="credentials_refused")
        .exclude(resolved_by="")
        .values_list("connection_id", flat=True)
    )
    assert refused <= told | by_hand, f"refused, and nobody told: {refused - told}"


def open_ids() -> list[int]:
    """Return the deliveries that are open."""
    return list(
        Delivery.objects.filter(state__in=sorted(DELIVERY.open)).values_list("pk", flat=True)
    )


def no_effect_twice(target: Target) -> None:
    """A record is made once; the same is not written again but where an answer was lost."""
    made: Counter[tuple[str, str]] = Counter()
    last: dict[tuple[str, str], Line] = {}
    for line in target.ledger:
        at = line.object, line.reference
        before = last.get(at)
        if line.what == "gone":
            made[at] -= 1
        elif line.what == "create":
            made[at] += 1
            assert made[at] <= 1, f"made twice: {at}"
        elif before is not None and before.what != "gone":
            again = before.data == line.data and not before.lost
            assert not again, f"written twice: {line}"
        last[at] = line


def never_older(target: Target) -> None:
    """What a record's writes said is in the order of its versions."""
    versions: dict[str, list[Any]] = defaultdict(list)
    rows = RecordVersion.objects.order_by("record_id", "number")
    for key, data in rows.values_list("record__key", "data"):
        versions[key].append(data.get("name"))
    at: Counter[str] = Counter()
    for line in target.ledger:
        if line.what == "gone":
            continue
        names = versions[line.reference]
        try:
            at[line.reference] = names.index(line.data["name"], at[line.reference])
        except ValueError:
            raise AssertionError(f"older over newer: {line} after {names}") from None


def newest_is_known(source: Source) -> None:
    """What a source says at last is what was taken in of it at last, or waits visibly."""
    aside = set(
        InboundEvent.objects.filter(state__in=sorted(INBOUND.open)).values_list(
            "external_id", flat=True
        )
    )
    for object_, prefix in (("accounts", "C"), ("projects", "P")):
        for id_, (_, one) in source.state.get(object_, {}).items():
            key = f"{prefix}-{id_[1:]}"
            if id_ in aside or one.deleted:
                continue
            record = CanonicalRecord.objects.filter(key=key, version__gt=0).first()
            assert record is not None, f"{key} was never taken in"
            assert record.deleted == one.deleted, f"{key} deleted: {record.deleted}"
            last = record.versions.exclude(connection=None).order_by("-number").first()
            assert last is not None
            if object_ == "projects":
                continue  # their name is not this system's to change
            assert last.data["name"] == one.data["name"], f"{key} is {last.data}, not {one.data}"


def newest_is_there(target: Target) -> None:
    """What was delivered is there as its record is now; whatever was not says why."""
    for record in CanonicalRecord.objects.filter(version__gt=0, type__in=("customer", "project")):
        newest = Delivery.objects.filter(record=record).order_by("-id").first()
        if newest is None:
            assert record.deleted, f"{record.key} was never planned"
            continue
        if record.type == "customer" and not record.deleted:
            assert newest.record_version == record.version, f"{record.key}: newest never planned"
        if newest.state in DELIVERY.open:
            assert newest.outcome or newest.error_text, f"{record.key}: {newest.state}, silently"
            continue
        if newest.state not in ("delivered", "unchanged") or record.deleted:
            continue
        if newest.record_version != record.version:
            continue
        ref = ExternalRef.objects.filter(
            record=record, connection=newest.connection, object=newest.object
        ).first()
        assert ref is not None, f"{record.key}: delivered, without a reference"
        row = target.rows.get((newest.object, ref.external_id))
        if row is not None:
            assert row["name"] == record.data["name"], f"{record.key} there: {row}"


def only_the_hopeless_is_left(target: Target) -> None:
    """With all put right, what is open waits for a tax code, or for a customer."""
    for one in Delivery.objects.filter(state__in=sorted(DELIVERY.open)).select_related("record"):
        text = f"{one.pk} {one.record.key}: {one.state} {one.outcome} {one.error_text}"
        if one.state == "held":
            customer = CanonicalRecord.objects.filter(
                key=one.record.data["customer"], version__gt=0, deleted=False
            ).first()
            assert customer is None or not customer.data.get("tax_code"), text
        elif one.state == "waiting":
            ref = ExternalRef.objects.filter(
                record__key=one.record.data.get("customer", ""), connection=one.connection
            )
            assert not ref.exists(), text
        else:
            raise AssertionError(text)


def nothing_dangles() -> None:
    """Each id names a row, also where the database does not look."""
    assert not (found := dangling()), f"ids that name no row: {found}"
