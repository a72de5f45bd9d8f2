"""Value maps: versioned, under change control, used by rules, a client's own first."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction

from governance.actors import Actor, command_actor
from governance.errors import NotPermitted
from governance.services import changes
from mappings.models import Mapping, ValueMap, ValueMapVersion
from mappings.services.preview import preview_for, value_tables
from mappings.services.value_maps import (
    add_value_map,
    checked_table,
    ensure_value_map,
    propose_table,
    table_of,
    used_by,
)
from mappings.services.versions import save_draft
from mappings.word_order import reading_order
from tenants.accounts.models import Client
from tests import actors
from tests.actors import Person
from tests.mappings.conftest import CUSTOMERS, SAMPLE, make, with_rule

TERMS: dict[str, object] = {"N30": "30D", "N60": "60D"}
USING = with_rule(
    CUSTOMERS, id="t", target="payment_terms", source="terms", lookup={"value_map": "terms"}
)


@pytest.fixture
def terms(customers: Mapping) -> ValueMap:
    """The partner's payment terms."""
    return ensure_value_map(
        command_actor("tests"), name="terms", label="Payment terms", table=TERMS
    )


def test_starting_content_is_live_and_made_once(terms: ValueMap) -> None:
    assert table_of(terms) == {"N30": "30D", "N60": "60D"}
    again = ensure_value_map(command_actor("tests"), name="terms", label="x", table={})
    assert again == terms


def test_a_table_goes_live_when_somebody_else_has_signed(
    terms: ValueMap, bob: Actor, carol: Actor
) -> None:
    table = {"N30": "30 days", "N90": "90D"}
    request = propose_table(bob, terms, table, title="Terms", reason="New ERP")
    assert request.changes.get().diff == [
        ["-", "N30 → 30D"],
        ["+", "N30 → 30 days"],
        ["-", "N60 → 60D"],
        ["+", "N90 → 90D"],
    ]
    terms.refresh_from_db()
    assert table_of(terms) == {"N30": "30D", "N60": "60D"}
    changes.approve(carol, request.pk, content_hash=request.content_hash)
    terms.refresh_from_db()
    assert table_of(terms) == table


def test_rows_stand_in_the_order_that_people_read(
    terms: ValueMap, bob: Actor, carol: Actor
) -> None:
    words = ["07", "7", "9", "9a", "10", "Net 9", "Net 10", "net 10", "Net 10 b", "x", "Y"]
    shuffled = [*words[5:], *words[:5]]
    assert sorted(shuffled, key=reading_order) == words
    table = {f"N{days}": f"{days}D" for days in (100, 60, 9, 30)}
    request = propose_table(bob, terms, table, title="Terms", reason="New ERP")
    shown = [text for sign, text in request.changes.get().diff if sign == "+"]
    assert shown == ["N9 → 9D", "N100 → 100D"]
    changes.approve(carol, request.pk, content_hash=request.content_hash)
    terms.refresh_from_db()
    assert list(table_of(terms)) == ["N9", "N30", "N60", "N100"]


def test_the_same_table_changes_nothing(terms: ValueMap, bob: Actor) -> None:
    with pytest.raises(ValidationError, match="nothing would change"):
        propose_table(bob, terms, TERMS, title="t", reason="r")


@pytest.mark.parametrize(
    "table",
    [
        {"": "x"},
        {"a": 1},
        {"a" * 201: "x"},
        {"a": "x" * 201},
        {"a\x00": "x"},
        {"a": "\ud800"},
        {str(n): "x" for n in range(5_001)},
    ],
)
def test_a_table_holds_words_only(table: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        checked_table(table)


@pytest.mark.parametrize("person", [actors.CAROL, actors.DAVE, actors.GRACE])
def test_who_may_not_edit_makes_and_proposes_nothing(
    terms: ValueMap, actor: Callable[[Person], Actor], person: Person
) -> None:
    with pytest.raises(NotPermitted):
        add_value_map(actor(person), name="more", label="More")
    with pytest.raises(NotPermitted):
        propose_table(actor(person), terms, {"a": "b"}, title="t", reason="r")


def test_a_name_is_taken_once(terms: ValueMap, bob: Actor) -> None:
    with pytest.raises(ValidationError):
        add_value_map(bob, name="terms", label="Again")
    with pytest.raises(ValidationError):
        add_value_map(bob, name="no name!", label="x")


def test_a_rule_uses_the_table_and_names_what_has_no_entry(
    customers: Mapping, terms: ValueMap, bob: Actor
) -> None:
    assert save_draft(bob, customers, USING).number == 2
    shown = preview_for(customers, USING, SAMPLE)
    assert shown.data is not None
    assert shown.data["payment_terms"] == "30D"
    missing = preview_for(customers, USING, {**SAMPLE, "terms": "N99"})
    assert missing.data is None
    assert "no entry for 'N99'" in missing.problems[0].message


def test_a_clients_table_stands_before_the_partners(
    terms: ValueMap, alder: Client, birch: Client
) -> None:
    ensure_value_map(
        command_actor("tests"), name="terms", label="Own", table={"N30": "x"}, client_id=alder.pk
    )
    assert value_tables(alder.pk)["terms"] == {"N30": "x"}
    assert value_tables(birch.pk)["terms"]["N30"] == "30D"
    assert value_tables(None)["terms"]["N30"] == "30D"


def test_it_is_known_who_uses_a_table_and_whether_money_hangs_on_it(
    terms: ValueMap, bob: Actor
) -> None:
    assert used_by(terms) == []
    plain = make(slug="plain", name="Plain", document=USING)
    assert used_by(terms) == [plain]
    request = propose_table(bob, terms, {"a": "b"}, title="t", reason="r")
    assert not request.touches_money
    rule = {"id": "x", "target": "tax_code", "source": "t", "lookup": {"value_map": "terms"}}
    make(slug="taxes", name="Taxes", document=with_rule(CUSTOMERS, **rule))
    request = propose_table(bob, terms, {"a": "c"}, title="t", reason="r")
    assert request.touches_money
    assert "Taxes" in request.risk["notes"][0]


def test_a_version_of_a_table_stays_as_it_is(terms: ValueMap) -> None:
    version = ValueMapVersion.objects.filter(value_map=terms).latest("number")
    with pytest.raises(TypeError):
        version.save()
    with pytest.raises(TypeError):
        version.delete()
    for statement in (
        "UPDATE mappings_valuemapversion SET number = 9",
        "DELETE FROM mappings_valuemapversion",
    ):
        with (
            pytest.raises(DatabaseError, match="version"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
