"""Fields that a connected system gained or lost since the last look, and who reads them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

import pytest
from django.test import Client as Browser
from django.utils.html import strip_tags
from django_tenants.utils import tenant_context

from governance.models import AuditEntry
from mappings.models import Mapping
from syncjobs.connectors.base import Check
from syncjobs.drift import FieldsChanged, compared
from syncjobs.indicators.timeline import happenings
from syncjobs.services import connections
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import BUILDER, Lab, make_workflow, step


def _look(*fields: str, always: Sequence[str] | None = None, object_: str = "customers") -> Check:
    every = fields if always is None else tuple(always)
    return Check(f"Read {object_}", True, "", object=object_, fields=fields, always=tuple(every))


def _then(before: Check, *now: Check) -> tuple[dict[str, object], list[FieldsChanged]]:
    """Look again and again; return what is kept, and all that changed."""
    kept, found = [asdict(before)], []
    for one in now:
        kept, changes = compared(kept, [one])
        found += changes
    return kept[0], found


def test_the_first_look_changes_nothing() -> None:
    kept, changes = compared([], [_look("id", "name")])
    assert changes == []
    assert kept[0]["fields"] == ("id", "name")


def test_what_came_and_what_went_is_told_once() -> None:
    now = _look("id", "code")
    kept, changes = _then(_look("id", "name"), now, now)
    assert changes == [FieldsChanged("customers", ("code",), ("name",))]
    assert kept["fields"] == ("code", "id")


def test_a_field_that_was_never_in_all_is_not_lost() -> None:
    before = _look("id", "memo", always=["id"])
    kept, changes = _then(before, _look("id"), _look("id", "memo"))
    assert changes == [], "and not new when it is seen again"
    assert kept["fields"] == ("id", "memo")


def test_an_empty_or_refused_list_forgets_nothing() -> None:
    refused = Check("Read customers", ok=False, message="Refused", object="customers")
    _, changes = _then(_look("id", "name"), _look(), refused, _look("id"))
    assert changes == [FieldsChanged("customers", (), ("name",))]


def test_of_an_object_only_its_top_is_told() -> None:
    _, changes = _then(_look("id", "at", "at.city"), _look("id", "to", "to.city"))
    assert changes == [FieldsChanged("customers", ("to",), ("at",))]


def test_nothing_is_gone_below_what_is_empty_now() -> None:
    _, changes = _then(_look("id", "at", "at.city", "at.street"), _look("id", "at"))
    assert changes == []
    _, changes = _then(_look("id", "at", "at.city", "at.zip"), _look("id", "at", "at.zip"))
    assert changes == [FieldsChanged("customers", (), ("at.city",))]


def test_who_reads_a_field_or_below_it_is_found() -> None:
    change = FieldsChanged("customers", lost=("at", "name"))
    assert change.read_by(["at.city", "names"]) == ["at"]


@pytest.fixture
def tested(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Callable[[Check], None]:
    """A test of the workflow's source by somebody, with what it sees there."""
    flow = make_workflow(
        lab.client,
        [step("customer", lab.target_connection)],
        name="Reads customers",
        reads=[{"mapping": "customer-in"}],
    )
    flow.bindings = {"crm": lab.source_connection.pk}
    flow.save()
    lab.workflow = flow
    Mapping.objects.filter(slug="customer-in").update(object="customers", name="Customers in")
    monkeypatch.setattr(connections, "Systems", lab.systems)

    def test(check: Check) -> None:
        monkeypatch.setattr(lab.source, "check", lambda: [check])
        connections.test_connection(BUILDER, lab.source_connection)

    return test


def test_the_workflow_tells_it_and_warns_of_mappings_that_read_it(
    lab: Lab,
    tested: Callable[[Check], None],
    northwind: Partner,
    browse: Callable[[Person], Browser],
) -> None:
    tested(_look("no", "name", "fax"))
    assert not AuditEntry.objects.filter(action="connection.fields").exists()
    tested(_look("no", "name", "code"))
    (found,) = (one for one in happenings(lab.workflow) if one.fields)
    assert found.fields == ((FieldsChanged("customers", ("code",), ("fax",)), ()),)
    assert not found.breaks, "nobody reads the number of the fax"
    tested(_look("no", "code"))
    latest = next(one for one in happenings(lab.workflow) if one.fields)
    assert latest.fields == ((FieldsChanged("customers", (), ("name",)), ("Customers in",)),)
    with tenant_context(northwind):
        place = f"/work/workflows/{lab.workflow.pk}/"
    text = " ".join(strip_tags(browse(actors.BOB).get(place).content.decode()).split())
    assert "Customers gained code, lost fax." in text
    assert "Customers lost name. Customers in reads it." in text
