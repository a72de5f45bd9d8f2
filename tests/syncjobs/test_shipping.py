"""A newer release reaches a partner's blueprints: once, cheaply, and never over its own edits."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from syncjobs import shipped
from syncjobs.blueprints import BLUEPRINTS
from syncjobs.management.commands import ship_blueprints as command
from syncjobs.models import Blueprint, Workflow
from syncjobs.services import shipping
from syncjobs.services.shipping import partners_behind, ship_blueprints
from syncjobs.services.workflows import install_workflow
from tenants.accounts.models import Client
from tenants.context import public_scope, schema_scope
from tenants.models import Partner
from tests.syncjobs.factories import BUILDER, make_connection
from tests.syncjobs.releases import FIRST, NAME_GATE, SLUG, TAX_GATE, Product, forget, with_gates

NORTHWIND, BRIGHTBRIDGE = "p_northwind", "p_brightbridge"


@pytest.fixture
def product(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, northwind: Partner, at_work: None
) -> Iterator[Product]:
    """Releases of the test's own."""
    yield Product(monkeypatch, tmp_path)
    forget()


def test_what_is_shipped_is_noted_and_a_change_of_it_has_a_version_of_its_own() -> None:
    """Where this fails, raise the version of the blueprint that has changed and `make shipped`."""
    assert shipped.with_today(shipped._known()) == shipped._known(), "run: make shipped"
    edited = {**BLUEPRINTS["time_to_billing"], "steps": []}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLUEPRINTS, "time_to_billing", edited)
        with pytest.raises(shipped.Unversioned, match="raise its version"):
            shipped.with_today(shipped._known())


def test_a_newer_version_replaces_the_older_one_and_no_workflow_moves(
    alder: Client, product: Product
) -> None:
    assert ship_blueprints(BUILDER) == 1
    made = install_workflow(
        BUILDER,
        client=alder,
        blueprint=SLUG,
        bindings={"erp": make_connection(alder, "ERP")},
    )
    was = made.version
    shape = product.next(**with_gates(TAX_GATE, NAME_GATE))
    assert ship_blueprints(BUILDER) == 1
    assert ship_blueprints(BUILDER) == 0
    row = Blueprint.objects.get(slug=SLUG)
    assert (row.version, row.definition) == (2, shape)
    workflow = Workflow.objects.get()
    assert workflow.version == was
    told = AuditEntry.objects.filter(action="blueprint.renewed").get()
    assert (told.before, told.after) == ({"version": 1}, {"slug": SLUG, "version": 2})


def test_who_skipped_releases_gets_the_newest_at_once(
    product: Product, northwind: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship_blueprints(BUILDER)
    second = product.next(**with_gates(NAME_GATE))
    product.next(**with_gates(TAX_GATE, NAME_GATE))
    assert ship_blueprints(BUILDER) == 1
    assert Blueprint.objects.get(slug=SLUG).version == 3
    product.release(second)
    assert ship_blueprints(BUILDER) == 0, "an older release takes nothing back"
    monkeypatch.setattr(shipping, "is_as_shipped", lambda slug, definition: False)
    assert not shipping.asks(Blueprint.objects.get(slug=SLUG)), "nor does it ask for that"


def test_an_edited_copy_stays_until_somebody_decides(
    alder: Client, product: Product, bob: Actor, dave: Actor
) -> None:
    ship_blueprints(BUILDER)
    own = {**FIRST, "steps": [{**FIRST["steps"][0], "label": "Our customer"}]}
    Blueprint.objects.filter(slug=SLUG).update(definition=own)
    product.next(**with_gates(NAME_GATE))
    assert ship_blueprints(BUILDER) == 0
    row = Blueprint.objects.get(slug=SLUG)
    assert (row.version, row.definition) == (1, own)
    assert shipping.asks(row)
    with pytest.raises(NotPermitted):
        shipping.keep_own(dave, row, reason="r")

    shipping.keep_own(bob, row, reason="We need our words.")
    row.refresh_from_db()
    assert shipping.is_edited(row)
    assert not shipping.asks(row)
    product.next(**with_gates(TAX_GATE, NAME_GATE))
    assert ship_blueprints(BUILDER) == 0
    assert shipping.asks(row), "the version after asks again"
    row.definition = {**FIRST, shipped.DECLINED: 2}
    assert not shipping.is_edited(row), "what was decided is no part of the content"
    row.refresh_from_db()

    shipping.take_shipped(bob, row, reason="Theirs is better now.")
    row.refresh_from_db()
    assert (row.version, row.definition) == (3, BLUEPRINTS[SLUG])
    assert not shipping.is_edited(row)
    told = AuditEntry.objects.filter(action="blueprint.renewed").get()
    assert told.before is not None
    assert told.before["definition"]["steps"][0]["label"] == "Our customer", (
        "it can be brought back"
    )


def test_the_command_visits_only_who_is_behind(
    product: Product, northwind: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for schema in (NORTHWIND, BRIGHTBRIDGE):
        with schema_scope(schema):
            ship_blueprints(BUILDER)
    product.next(**with_gates(NAME_GATE))
    with schema_scope(NORTHWIND):
        ship_blueprints(BUILDER)
    with public_scope():
        assert partners_behind() == [BRIGHTBRIDGE]
        visited: list[str] = []
        monkeypatch.setattr(command, "schema_scope", _noting(visited))
        assert "p_brightbridge: 1 new." in _run()
        assert visited == [BRIGHTBRIDGE]
        assert "Every partner has the newest blueprints." in _run()
        assert visited == [BRIGHTBRIDGE]


def test_a_partner_that_fails_is_named_keeps_nobody_else_back_and_is_taken_up_again(
    product: Product, northwind: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    product.next(**with_gates(NAME_GATE))
    failing = {NORTHWIND}

    def ship(actor: Actor) -> int:
        from tenants.context import current_schema

        if current_schema() in failing:
            raise DatabaseError("locked")
        return ship_blueprints(actor)

    with public_scope():
        monkeypatch.setattr(command, "ship_blueprints", ship)
        with pytest.raises(CommandError, match="1 not reached: p_northwind"):
            _run()
        assert partners_behind() == [NORTHWIND]
        failing.clear()
        assert "p_northwind: 1 new." in _run()
        assert partners_behind() == []


def test_nothing_is_asked_twice_of_a_partner_that_has_everything(
    product: Product, northwind: Partner, django_assert_max_num_queries: object
) -> None:
    ship_blueprints(BUILDER)
    with django_assert_max_num_queries(3):  # type: ignore[operator]  # the savepoint and one query
        assert ship_blueprints(BUILDER) == 0
    with public_scope(), django_assert_max_num_queries(3):  # type: ignore[operator]
        partners_behind()


def _noting(visited: list[str]) -> object:
    def scope(schema: str) -> object:
        visited.append(schema)
        return schema_scope(schema)

    return scope


def _run() -> str:
    out = StringIO()
    call_command("ship_blueprints", stdout=out, stderr=StringIO())
    return out.getvalue()
