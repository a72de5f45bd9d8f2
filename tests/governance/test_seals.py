"""Sealing: every entry once and in one chain, whatever commits when, and nothing dated back."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context

from governance.actions import CHANGE_PROPOSED
from governance.models import AuditAnchor, AuditEntry, AuditSeal
from governance.services import audit
from governance.services.seals import FIELDS, SealingRefused, seal_trail
from governance.services.verifying import verify_trail
from governance.statements import statement_from, unpacked_ids
from syncjobs import tasks
from tenants.context import current_schema, public_scope
from tenants.models import Partner, TrailMark
from tenants.postgres import roles
from tenants.services.trails import seal_here
from tenants.trail_marks import due_trails

pytestmark = pytest.mark.usefixtures("anchors")


def note(count: int = 1) -> None:
    audit.record_many([audit.EntryDraft(CHANGE_PROPOSED, "lamp", n) for n in range(count)])


def sealed_ids() -> list[int]:
    statements = [statement_from(seal.statement) for seal in AuditSeal.objects.all()]
    return [one for statement in statements for one in unpacked_ids(statement.ids)]


def all_ids() -> list[int]:
    return sorted(AuditEntry.objects.values_list("pk", flat=True))


def test_every_entry_is_sealed_once(northwind: Partner) -> None:
    seal_trail()
    note(3)
    assert seal_trail().entries == 3
    note(2)
    assert seal_trail(batch=1).entries == 2
    assert seal_trail().entries == 0
    assert sealed_ids() == all_ids()
    report = verify_trail()
    assert report.holds, report.findings
    assert (report.entries, report.pending) == (len(all_ids()), 0)


def test_every_column_is_under_the_seal() -> None:
    """A column that is added later must be sealed as well, or left out on purpose."""
    assert {field.column for field in AuditEntry._meta.fields} == {*FIELDS, "xid"}


@pytest.mark.parametrize(
    "columns",
    [
        "at = statement_timestamp() - interval '1 year'",
        "id = 999999999",
        "xid = 3",
    ],
)
def test_the_runtime_role_cannot_date_an_entry_back(northwind: Partner, columns: str) -> None:
    name, _, value = columns.partition(" = ")
    sql = (
        f"INSERT INTO governance_auditentry ({name}, actor_kind, actor_label, door, address,"
        " action, object_kind, object_id, object_label, reason, correlation_id)"
        f" VALUES ({value}, 'person', 'x', 'admin', '', 'change.approved', 'x', '1', '', '', 'c')"
    )
    note()
    for setting in ("off", "on"):
        with pytest.raises(DatabaseError, match="permission denied"):
            _run_both(f"SET LOCAL governance.maintenance = '{setting}'", sql)


@transaction.atomic
def _run_both(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_an_entry_costs_its_transaction_no_statement_more(northwind: Partner) -> None:
    with CaptureQueriesContext(connection) as captured:
        note(5)
    assert len([one for one in captured if not one["sql"].startswith("SET ")]) == 1


def test_a_chain_of_another_key_is_not_continued(northwind: Partner, settings: object) -> None:
    note()
    seal_trail()
    right = settings.MASTER_KEY  # type: ignore[attr-defined]  # the fixture's
    settings.MASTER_KEY = bytes(32)  # type: ignore[attr-defined]
    note()
    with pytest.raises(SealingRefused, match="LIVERY_PREVIOUS_MASTER_KEYS"):
        seal_trail()
    settings.PREVIOUS_MASTER_KEYS = [right]  # type: ignore[attr-defined]
    assert seal_trail().entries == 1
    settings.PREVIOUS_MASTER_KEYS = []  # type: ignore[attr-defined]
    note()
    assert seal_trail().entries == 1
    assert verify_trail().holds, "the seals of the key before are held by the chain"


def test_the_sweep_visits_only_trails_with_something_new(
    northwind: Partner, brightbridge: Partner, anchors: Path
) -> None:
    with public_scope():
        first = due_trails()
        assert {northwind.schema_name, brightbridge.schema_name, "public"} <= set(first)
        assert due_trails() == [], "they are rung for"
        tasks.seal_trails(first)
        assert due_trails() == []
        with tenant_context(northwind):
            note()
            assert all_ids()  # so that it is there, not only said
        with CaptureQueriesContext(connection) as captured:
            assert due_trails() == [northwind.schema_name]
        assert len([one for one in captured if not one["sql"].startswith("SET ")]) == 1
        TrailMark.objects.update(due_at=timezone.now(), rung_until=None, upto=0)
        assert set(due_trails()) == set(first), "a lost mark costs a visit, nothing more"


def test_a_schema_that_is_being_made_stops_no_sweep(northwind: Partner, anchors: Path) -> None:
    """Nothing is granted there yet; so it was for as long as an upgrade makes its template."""
    with roles.owner_connection(autocommit=True) as owner:
        owner.execute("CREATE SCHEMA half_made")
        try:
            owner.execute("CREATE SEQUENCE half_made.governance_auditentry_id_seq")
            with public_scope():
                assert northwind.schema_name in due_trails()
                assert not TrailMark.objects.filter(schema_name="half_made").exists()
        finally:
            owner.execute("DROP SCHEMA half_made CASCADE")


def test_a_trail_that_fails_in_any_way_lets_the_others_be_sealed_and_go_first(
    northwind: Partner, brightbridge: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = northwind.schema_name, brightbridge.schema_name

    def seal() -> int:
        if current_schema() == bad:
            raise RuntimeError("This one is broken.")
        return seal_here()

    monkeypatch.setattr(tasks, "seal_here", seal)
    with public_scope():
        TrailMark.objects.all().delete()
        everyone = due_trails()
        assert "in 2 trails" in tasks.seal_trails([bad, good])
        marks = {one.schema_name: one for one in TrailMark.objects.all()}
        assert marks[good].upto > 0
        assert marks[bad].upto == 0, "there is still something to seal"
        assert due_trails() == [], "it is left alone for a moment"
        TrailMark.objects.update(rung_until=None, upto=0)
        TrailMark.objects.exclude(pk=bad).update(visited_at=None)
        assert set(due_trails(len(everyone) - 1)) == set(everyone) - {bad}
        assert due_trails() == [bad], "behind the others, but not forgotten"


def test_the_end_is_anchored_at_most_every_few_minutes(northwind: Partner, anchors: Path) -> None:
    note()
    seal_here(anchor_every=timedelta(0))
    before = AuditAnchor.objects.count()
    for _ in range(2):
        note()
        seal_here()
    assert AuditAnchor.objects.count() == before, "the next one is not due yet"
    with public_scope():
        due = TrailMark.objects.get(pk=northwind.schema_name).due_at
    assert due is not None
    assert due <= timezone.now() + timedelta(minutes=5)
    seal_here(anchor_every=timedelta(0))
    assert AuditAnchor.objects.count() == before + 1
    assert len((anchors / f"{northwind.schema_name}.jsonl").read_text().splitlines()) == 2
    assert verify_trail().anchored == AuditSeal.objects.count()
