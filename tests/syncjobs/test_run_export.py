"""A run's records as a table, and how long its calls took."""

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django_tenants.utils import tenant_context

from governance.models import AuditEntry
from syncjobs.connectors.errors import Rejected
from syncjobs.indicators.timing import step_times
from syncjobs.models import Attempt, Run
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import Lab


def test_its_records_are_downloaded_as_they_are_filtered(
    lab: Lab,
    northwind: Partner,
    browse: Callable[[Person], Browser],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lab.put_customer("1", name="=1+1")
    lab.put_customer("2")
    lab.target.fail_before = [Rejected("=cmd() is no tax code", status=422)]
    lab.drain()
    with tenant_context(northwind):
        run = Run.objects.get(kind="workflow")
    staff = browse(actors.BOB)
    place = f"/work/workflows/runs/{run.pk}/"
    page = staff.get(place).content.decode()
    assert f"{place}export/?" in page
    assert f"/replay/?run={run.pk}" in page

    def rows(**asked: str) -> list[list[str]]:
        answer = staff.get(f"{place}export/", asked)
        assert answer["Content-Disposition"] == f'attachment; filename="run-{run.pk}.csv"'
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))

    headings, *found = rows()
    assert headings[:6] == ["Record", "Kind", "Because of", "Step", "System", "State"]
    assert sorted(one[5] for one in found) == ["Delivered", "Failed"]
    (failed,) = rows(state="failed")[1:]
    assert failed[0] in ("C-1", "C-2")
    assert failed[6].startswith("'=cmd()"), "no spreadsheet runs it"
    assert rows(q="C-2")[1][0] == "C-2"
    assert rows(q="nobody")[1:] == []
    with tenant_context(northwind):
        told = AuditEntry.objects.filter(action="table.exported", object_id=f"run-{run.pk}")
        assert [one.after for one in told.order_by("id")][:2] == [{"rows": 2}, {"rows": 1}]
    monkeypatch.setattr("syncjobs.pages.run_export.MOST", 1)
    assert [one[0] for one in rows()[2:]] == ["Only the first 1 of 2 rows."]


def test_the_calls_of_each_step_are_timed(lab: Lab) -> None:
    for number in range(3):
        lab.put_customer(str(number))
    lab.drain()
    for milliseconds, attempt in zip((10, 20, 60), Attempt.objects.order_by("pk"), strict=True):
        Attempt.objects.filter(pk=attempt.pk).update(duration_ms=milliseconds)
    (found,) = step_times(Run.objects.get(kind="workflow"))
    assert (found.delivery.step, found.calls, found.mean, found.slowest) == ("customer", 3, 30, 60)
