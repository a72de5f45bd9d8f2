"""Gates, holds and waiting: what is missing is named, and its arrival lets go."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from governance.permits import permit
from mappings.models import ValueMap, ValueMapVersion
from mappings.services.value_maps import ensure_value_map, publish_table
from syncjobs.models import Delivery, Hold, Issue
from syncjobs.services.deliveries import cancel_delivery, skip_delivery
from syncjobs.services.hold_releases import release_hold
from tenants.accounts.models import Client, User
from tenants.accounts.services.tokens import make_token
from tests import actors
from tests.actors import Person
from tests.fakes.systems import record
from tests.syncjobs.factories import (
    BUILDER,
    PROJECT_IN,
    PROJECT_OUT,
    Lab,
    make_lab,
    make_mapping,
    make_stream,
    make_workflow,
    step,
)
from tests.syncjobs.releases import TAX_GATE


@pytest.fixture
def gated(alder: Client, at_work: None) -> Lab:
    """The lab, with a gate on the tax code."""
    lab = make_lab(alder)
    lab.replace_workflow([step("customer", lab.target_connection, gates=[TAX_GATE])])
    return lab


@pytest.fixture
def projects(lab: Lab) -> Lab:
    """The lab, with projects that refer to customers in the target."""
    make_mapping("project-in", "inbound", "project", PROJECT_IN)
    make_mapping("project-out", "outbound", "project", PROJECT_OUT)
    make_stream(lab.source_connection, "projects", "project", "project-in", 50)
    target = {"role": "erp", "object": "projects", "connection": lab.target_connection.pk}
    make_workflow(
        lab.client,
        [step("project", lab.target_connection, mapping="project-out", target=target)],
        events=["project.created"],
        name="Projects",
    )
    return lab


def _put_project(lab: Lab, code: str, customer: str) -> None:
    data = {"code": code, "name": code, "customer": customer}
    lab.source.put("projects", record(code, data))


def test_a_gate_holds_and_names_what_is_missing(gated: Lab) -> None:
    gated.put_customer("1")
    gated.drain()

    delivery = gated.delivery("C-1")
    assert (delivery.state, delivery.attempts) == ("held", 0)
    hold = Hold.objects.get()
    assert (hold.missing, hold.alert) == ("tax code of customer C-1", "finance")
    issue = Issue.objects.get()
    assert issue.title == "Missing: tax code of customer C-1"
    assert not gated.target.effects


def test_a_hold_lets_go_by_itself_when_what_was_missing_arrives(gated: Lab) -> None:
    gated.put_customer("1")
    gated.drain()
    gated.put_customer("1", tax="EU")
    gated.drain()

    assert gated.delivery("C-1").state == "delivered"
    hold = Hold.objects.get()
    assert hold.released_at is not None
    assert hold.released_by == ""
    assert Issue.objects.get().state == "resolved"


def test_held_again_for_the_same_reason_is_one_hold_and_one_occurrence(gated: Lab) -> None:
    gated.put_customer("1")
    gated.drain()
    gated.put_customer("1", name="Other name")
    gated.drain()

    assert Hold.objects.count() == 1
    assert Issue.objects.get().count == 1
    assert AuditEntry.objects.filter(action="delivery.held").count() == 1


def test_a_person_lets_go_with_a_reason_and_it_is_audited(gated: Lab, dave: Actor) -> None:
    gated.put_customer("1")
    gated.drain()
    release_hold(dave, Hold.objects.get(), reason="Finance agreed by phone.")
    gated.drain()

    assert gated.delivery("C-1").state == "delivered"
    hold = Hold.objects.get()
    assert hold.released_by.startswith("Dave Novak")
    assert hold.reason == "Finance agreed by phone."
    assert AuditEntry.objects.filter(action="delivery.released").exists()


def test_nobody_lets_go_without_a_reason_or_without_the_permission(
    gated: Lab, dave: Actor, actor: Callable[[Person], Actor]
) -> None:
    gated.put_customer("1")
    gated.drain()
    hold = Hold.objects.get()
    with pytest.raises(Exception, match="Say why"):
        release_hold(dave, hold, reason="  ")
    with pytest.raises(NotPermitted):
        release_hold(actor(actors.FRANK), hold, reason="I may not")
    with pytest.raises(NotPermitted):
        release_hold(actor(actors.MALLORY), hold, reason="Another client's")
    assert gated.delivery("C-1").state == "held"


def test_a_word_without_an_entry_holds_until_its_entry_is_live(lab: Lab, birch: Client) -> None:
    rules = [
        {"id": "number", "target": "number", "source": "number"},
        {
            "id": "tax",
            "target": "tax_code",
            "source": "tax_code",
            "lookup": {"value_map": "taxes", "on_miss": "hold"},
        },
    ]
    taxes = ensure_value_map(BUILDER, name="taxes", label="Taxes", table={"DE": "19"})
    others = ensure_value_map(BUILDER, name="taxes", label="Taxes", table={}, client_id=birch.pk)
    doubt = {"id": "d", "assert": "eq(field('tax_code'), '19')", "message": "A rare tax."}
    checks = [{**doubt, "severity": "warn"}]
    make_mapping("taxed-out", "outbound", "customer", rules, checks=checks)
    lab.replace_workflow([step("customer", lab.target_connection, mapping="taxed-out")])
    lab.put_customer("1", tax="EU")
    lab.drain()
    assert lab.delivery("C-1").state == "held"
    assert "'taxes' has no entry for 'EU'" in Hold.objects.get().missing

    _publish(others, {"EU": "0"})
    lab.drain()
    assert lab.delivery("C-1").state == "held"
    _publish(taxes, {"DE": "19", "EU": "0"})
    lab.drain()
    assert lab.delivery("C-1").state == "delivered"
    # What a check only warns of is said with what was written.
    assert lab.delivery("C-1").outcome == "Created there. A rare tax."
    assert Issue.objects.get().state == "resolved"


def _publish(value_map: ValueMap, table: dict[str, str]) -> None:
    version = ValueMapVersion.objects.create(value_map=value_map, number=9, table=table)
    with permit("value_map_version", str(value_map.pk)):
        publish_table(value_map, version)


def test_a_record_waits_for_what_it_refers_to_and_goes_when_that_is_there(projects: Lab) -> None:
    _put_project(projects, "P-1", "C-9")
    projects.drain()
    waiting = projects.delivery("P-1", "project")
    assert waiting.state == "waiting"
    assert waiting.outcome == "Waits for customer C-9 in Target."

    projects.put_customer("9")
    projects.drain()
    assert projects.delivery("P-1", "project").state == "delivered"
    project = next(e for e in projects.target.effects if e.object == "projects")
    customer = next(e for e in projects.target.effects if e.object == "things")
    assert project.data["customer_id"] == customer.external_id


def test_a_later_step_waits_for_the_earlier_one(lab: Lab) -> None:
    lab.replace_workflow(
        [
            step("first", lab.target_connection, gates=[TAX_GATE]),
            step(
                "second",
                lab.target_connection,
                after=["first"],
                target={"role": "erp", "object": "others", "connection": lab.target_connection.pk},
            ),
        ],
    )
    lab.put_customer("1")
    lab.drain()
    assert (lab.delivery("C-1", "first").state, lab.delivery("C-1", "second").state) == (
        "held",
        "waiting",
    )
    lab.put_customer("1", tax="EU")
    lab.drain()
    assert lab.delivery("C-1", "second").state == "delivered"
    assert [e.object for e in lab.target.effects] == ["things", "others"]


@pytest.mark.parametrize("end", [cancel_delivery, skip_delivery])
def test_a_step_that_is_given_up_lets_the_next_one_go(
    lab: Lab, dave: Actor, end: Callable[..., None]
) -> None:
    other = {"role": "erp", "object": "others", "connection": lab.target_connection.pk}
    lab.replace_workflow(
        [
            step("first", lab.target_connection, gates=[TAX_GATE]),
            step("second", lab.target_connection, after=["first"], target=other),
        ],
    )
    lab.put_customer("1")
    lab.drain()
    end(dave, lab.delivery("C-1", "first"), reason="Done by hand.")
    lab.drain()
    assert lab.delivery("C-1", "second").state == "delivered"
    assert Issue.objects.get().state == "resolved"
    assert not Hold.objects.filter(released_at=None).exists()


def test_a_mapping_problem_fails_with_the_field_named(projects: Lab) -> None:
    make_mapping(
        "strict-out",
        "outbound",
        "customer",
        [{"id": "tax", "target": "tax", "source": "tax_code", "required": True}],
    )
    projects.replace_workflow([step("customer", projects.target_connection, mapping="strict-out")])
    projects.put_customer("1")
    projects.drain()
    delivery = Delivery.objects.get(step="customer")
    assert (delivery.state, delivery.error_class) == ("failed", "rejected")
    assert Issue.objects.get().detail["target"] == "tax"


def test_a_mapping_that_is_not_published_is_one_exception(lab: Lab) -> None:
    lab.replace_workflow([step("customer", lab.target_connection, mapping="nowhere")])
    lab.put_customer("1")
    lab.put_customer("2")
    lab.drain()
    issue = Issue.objects.get()
    assert (issue.kind, issue.count) == ("mapping_missing", 2)


def test_a_program_releases_skips_and_tries(
    gated: Lab, browse: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncjobs.services.workflows.Systems", gated.systems)
    for number in ("1", "2"):
        gated.put_customer(number)
    gated.drain()
    user = User.objects.get(email=actors.BOB.email)
    scopes = ["workflows.operate", "exceptions.work", "records.view"]
    text = make_token(BUILDER, user=user, name="t", scopes=scopes)[1]
    caller = browse(None, host="admin.northwind.localhost")

    def asked(place: str, **body: object) -> tuple[int, Any]:
        bearer = {"Authorization": f"Bearer {text}"}
        answer = caller.post(
            f"/api/v1/{place}/", body, content_type="application/json", headers=bearer
        )
        return answer.status_code, answer.json()

    first, second = gated.delivery("C-1").pk, gated.delivery("C-2").pk
    assert asked(f"deliveries/{first}/release")[0] in (400, 422), "no reason"
    status, told = asked(f"deliveries/{first}/release", reason="Agreed.")
    assert (status, told["state"], told["holds"][0]["alert"]) == (200, "pending", "finance")
    assert asked(f"deliveries/{first}/release", reason="Agreed.")[0] in (400, 422), "nothing holds"
    status, told = asked(f"deliveries/{second}/skip", reason="Done by hand.")
    assert (status, told["state"]) == (200, "skipped")
    status, rows = asked(f"workflows/{gated.workflow.pk}/dry-run")
    sent = {(row["record"], row["method"]) for row in rows if row["method"]}
    assert (status, sent) == (200, {("C-1", "POST")})
    assert gated.target.effects == []
