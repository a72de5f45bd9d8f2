"""A workflow's page tells runs and changes in one line of time."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django_tenants.utils import tenant_context

from governance.models import AuditEntry
from governance.services import audit
from mappings.actions import MAPPING_ADDED, MAPPING_PUBLISHED
from mappings.models import Mapping
from syncjobs.indicators.timeline import SHOWN, happenings
from syncjobs.services.workflows import dry_run, pause_workflow, resume_workflow
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import BUILDER, Lab, publish_checks


@pytest.fixture
def told(lab: Lab) -> Lab:
    """A run, a pause with a reason, and a mapping that is not this workflow's."""
    lab.put_customer("1")
    lab.drain()
    pause_workflow(BUILDER, lab.workflow, reason="The ERP moves house")
    resume_workflow(BUILDER, lab.workflow)
    dry_run(BUILDER, lab.workflow)
    publish_checks()
    return lab


def test_runs_and_changes_are_told_newest_first(told: Lab) -> None:
    found = happenings(told.workflow)
    moments = [one.at for one in found]
    assert moments == sorted(moments, reverse=True)
    ran = [one.run for one in found if one.run is not None]
    assert [(run.kind, run.delivered) for run in ran] == [("workflow", 1)]
    paused = [one for one in found if one.why]
    assert [one.why for one in paused] == ["The ERP moves house"]
    assert paused[0].who
    titles = [one.title for one in found]
    assert "Tried a workflow without writing" not in titles
    other = AuditEntry.objects.filter(object_kind="mapping", object_label__contains="customer-in")
    assert other.exists()
    assert not any("customer-in" in one.what for one in found), "it reads for others"


def test_a_new_mapping_is_told_once_by_its_first_version(told: Lab) -> None:
    used = Mapping.objects.get(slug="customer-out")
    for action in (MAPPING_ADDED, MAPPING_PUBLISHED):
        audit.record(action, object_kind="mapping", object_id=used.pk, object_label=used.name)
    titles = [one.title for one in happenings(told.workflow) if one.what == used.name]
    assert titles == ["Published a mapping version"]


def test_only_the_latest_are_told(told: Lab) -> None:
    for number in range(SHOWN):
        pause_workflow(BUILDER, told.workflow, reason=f"Again {number}")
        resume_workflow(BUILDER, told.workflow)
    assert len(happenings(told.workflow)) == SHOWN


def test_the_page_tells_staff(
    told: Lab, northwind: Partner, browse: Callable[[Person], Browser]
) -> None:
    with tenant_context(northwind):
        place = f"/work/workflows/{told.workflow.pk}/"
    shown = browse(actors.BOB).get(place).content.decode()
    assert "What happened" in shown
    assert "The ERP moves house" in shown
    assert "1 delivered" in shown
