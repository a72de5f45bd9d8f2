"""Versions: written once, checked before they are kept, live only when somebody else signed."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction

from governance.actors import Actor, command_actor
from governance.errors import ApplyFailed, InvalidProposal, NotPermitted, SignatureRefused
from governance.models import AuditEntry, Change, ChangeRequest
from governance.services import changes, impacts
from mappings import catalogue
from mappings.catalogue import Fields
from mappings.compiled import compiled
from mappings.engine import Inputs, compile_mapping
from mappings.models import Mapping, MappingVersion
from mappings.services.checking import Refused
from mappings.services.versions import (
    ensure_mapping,
    live_version,
    propose_document,
    propose_version,
    save_draft,
    standings,
)
from tenants.accounts.models import Client
from tenants.context import schema_scope
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.mappings.conftest import CUSTOMERS, SAMPLE, make, with_rule

UPPER = with_rule(CUSTOMERS, id="name", target="name", source="name", steps=[{"do": "upper"}])
PHONE = with_rule(CUSTOMERS, id="phone", target="phone", source="phone")


def propose(actor: Actor, mapping: Mapping, document: dict[str, object]) -> ChangeRequest:
    draft = save_draft(actor, mapping, document)
    return propose_version(actor, draft, title="Another name", reason="They asked for it.")


def sign(actor: Actor, request: ChangeRequest) -> ChangeRequest:
    impacts.work_all()
    request.refresh_from_db()
    return changes.approve(actor, request.pk, content_hash=request.content_hash)


def test_the_first_version_is_live_at_once_and_only_the_first(customers: Mapping) -> None:
    live = customers.live
    assert live is not None
    assert (live.number, live.state, live.author) == (1, "live", None)
    assert make(document=UPPER).live == live


def test_a_draft_changes_nothing_and_the_same_draft_is_kept_once(
    customers: Mapping, bob: Actor
) -> None:
    draft = save_draft(bob, customers, UPPER, note="Louder")
    assert (draft.number, draft.state, draft.author_id) == (2, "draft", bob.user_id)
    assert save_draft(bob, customers, UPPER).pk == draft.pk
    customers.refresh_from_db()
    assert customers.live is not None
    assert customers.live.number == 1
    entry = AuditEntry.objects.filter(action="mapping.drafted").get()
    assert entry.after == {"version": 2, "hash": draft.hash}


def test_a_proposal_signed_by_somebody_else_goes_live(
    customers: Mapping, bob: Actor, carol: Actor
) -> None:
    request = propose(bob, customers, UPPER)
    assert request.status == "submitted"
    assert MappingVersion.objects.get(number=2).state == "proposed"
    assert sign(carol, request).status == "applied"
    customers.refresh_from_db()
    assert customers.live is not None
    assert (customers.live.number, customers.live.state) == (2, "live")
    assert MappingVersion.objects.get(number=1).state == "retired"
    published = AuditEntry.objects.filter(action="mapping.published").latest("pk")
    assert (published.before or {})["version"] == 1
    assert (published.after or {})["version"] == 2


def test_the_difference_is_told_rule_by_rule(customers: Mapping, bob: Actor) -> None:
    change = propose(bob, customers, UPPER).changes.get()
    assert ["-", "name ← name | trim"] in change.diff
    assert ["+", "name ← name | upper"] in change.diff
    assert [" ", "number ← number; required"] in change.diff


def test_nobody_signs_rules_that_they_wrote_in_an_earlier_draft(
    customers: Mapping, alice: Actor, bob: Actor, carol: Actor
) -> None:
    save_draft(alice, customers, UPPER)
    request = propose(bob, customers, with_rule(UPPER, id="phone", target="phone", source="phone"))
    with pytest.raises(SignatureRefused):
        sign(alice, request)
    assert sign(carol, request).status == "applied"


def test_what_goes_live_is_what_was_signed(customers: Mapping, bob: Actor, carol: Actor) -> None:
    request = propose(bob, customers, UPPER)
    other = save_draft(bob, customers, PHONE)
    change = request.changes.get()
    Change.objects.filter(pk=change.pk).update(content={**change.content, "version": other.pk})
    from governance.services.requests import stored_hash

    swapped = stored_hash(request, list(request.changes.all()))
    ChangeRequest.objects.filter(pk=request.pk).update(content_hash=swapped)
    request.refresh_from_db()
    with pytest.raises(ApplyFailed, match="does not hold what was signed"):
        sign(carol, request)
    customers.refresh_from_db()
    assert customers.live is not None
    assert customers.live.number == 1


def test_an_earlier_version_can_come_back(customers: Mapping, bob: Actor, carol: Actor) -> None:
    sign(carol, propose(bob, customers, UPPER))
    first = MappingVersion.objects.get(number=1)
    customers.refresh_from_db()
    first.mapping = customers
    request = propose_version(bob, first, title="Back", reason="It was right.")
    assert sign(carol, request).status == "applied"
    customers.refresh_from_db()
    assert customers.live == first
    assert MappingVersion.objects.get(number=2).state == "retired"


def test_a_refused_proposal_shows_as_refused(customers: Mapping, bob: Actor, carol: Actor) -> None:
    request = propose(bob, customers, UPPER)
    changes.reject(carol, request.pk, comment="Too loud.")
    version = MappingVersion.objects.get(number=2)
    assert standings([version]) == {version.pk: "Rejected"}
    again = propose_version(bob, version, title="Again", reason="They insist.")
    assert again.status == "submitted"


def test_proposing_what_is_live_is_refused(customers: Mapping, bob: Actor) -> None:
    assert customers.live is not None
    with pytest.raises(ValidationError, match="nothing would change"):
        propose_version(bob, customers.live, title="Same", reason="None")


def test_a_proposal_without_a_reason_leaves_no_draft(customers: Mapping, bob: Actor) -> None:
    with pytest.raises(InvalidProposal):
        propose_document(bob, customers, UPPER, title="t", reason=" ")
    assert customers.versions.count() == 1


@pytest.mark.parametrize("person", [actors.CAROL, actors.FRANK, actors.DAVE, actors.GRACE])
def test_who_may_not_edit_keeps_no_draft(
    customers: Mapping, actor: Callable[[Person], Actor], person: Person
) -> None:
    with pytest.raises(NotPermitted):
        save_draft(actor(person), customers, UPPER)


# --- what may be kept ------------------------------------------------------------------------


def refused(actor: Actor, mapping: Mapping, document: dict[str, object], **more: object) -> Refused:
    with pytest.raises(Refused) as caught:
        save_draft(actor, mapping, document, **more)  # type: ignore[arg-type]  # only `sample`
    return caught.value


def test_every_problem_of_a_document_is_said_at_once(customers: Mapping, bob: Actor) -> None:
    document = with_rule(CUSTOMERS, id="x", target="nme", source="a")
    document = with_rule(document, id="y", target="phone", source="b", steps=[{"do": "exec"}])
    found = refused(bob, customers, document)
    assert {one.rule for one in found.problems} == {"x", "y"}


def test_a_misspelt_source_is_refused(
    customers: Mapping, bob: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = with_rule(CUSTOMERS, id="terms", target="payment_terms", source="trems")
    assert save_draft(bob, customers, document).number == 2  # nothing to hold it against
    found = refused(bob, customers, with_rule(document, id="n", target="phone", source="x"),
                    sample=SAMPLE)  # fmt: skip
    assert {(one.rule, one.source) for one in found.problems} == {("terms", "trems"), ("n", "x")}
    fields = Fields("Clover CRM", ("number", "name", "address.city", "terms"), ())
    monkeypatch.setattr(catalogue, "_catalogues", [lambda connector, name: fields])
    deep = with_rule(CUSTOMERS, id="street", target="street", source="address.sreet")
    assert "accounts of Clover CRM has no field 'address.sreet'" in str(
        refused(bob, customers, deep)
    )


def test_what_a_sample_has_is_known(customers: Mapping, bob: Actor) -> None:
    document = with_rule(CUSTOMERS, id="terms", target="payment_terms", source="terms")
    assert save_draft(bob, customers, document, sample=SAMPLE).number == 2


def test_an_outbound_mapping_reads_only_what_records_have_and_fills_what_the_system_takes(
    customers: Mapping, bob: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = Fields("Ledgerline ERP", (), ("Number", "Name", "Address.City"))
    monkeypatch.setattr(catalogue, "_catalogues", [lambda connector, name: fields])
    rule = {"id": "n", "target": "Number", "source": "number"}
    out = make(slug="erp-out", direction="outbound", document={"rules": [rule]})
    known = [
        {"id": "c", "target": "Address.City", "source": "city"},
        {"id": "p", "target": "Name", "source": "related.project.name"},
    ]
    assert save_draft(bob, out, {"rules": [rule, *known]}).number == 2
    wrong = [
        {"id": "c", "target": "Address.Town", "source": "city"},
        {"id": "p", "target": "Name", "source": "nmae"},
    ]
    assert "'nmae'" in str(refused(bob, out, {"rules": [rule, wrong[1]]}))
    assert "takes no field 'Address.Town'" in str(refused(bob, out, {"rules": [rule, wrong[0]]}))


def test_a_value_map_must_be_there_first(customers: Mapping, bob: Actor) -> None:
    document = with_rule(
        CUSTOMERS, id="t", target="payment_terms", source="t", lookup={"value_map": "terms"}
    )
    assert "no value map 'terms'" in str(refused(bob, customers, document))


@pytest.mark.parametrize("value", [1.5, "\ud800", "\x00", {1: 2}, object()])
def test_a_document_holds_plain_values_only(customers: Mapping, bob: Actor, value: object) -> None:
    document = with_rule(CUSTOMERS, id="k", target="phone", constant=value)
    assert refused(bob, customers, document).problems[0].code == "not_plain"


# --- which one a client uses -----------------------------------------------------------------


def test_a_clients_own_mapping_stands_before_the_partners(
    customers: Mapping, alder: Client, birch: Client, bob: Actor, carol: Actor
) -> None:
    own = make(alder)
    assert live_version("crm-customers", alder.pk) == own.live
    assert live_version("crm-customers", birch.pk) == customers.live
    assert live_version("nothing", alder.pk) is None


def test_a_clients_own_mapping_can_not_begin_as_another_one(
    customers: Mapping, alder: Client
) -> None:
    with pytest.raises(ValidationError, match="starts as the partner's"):
        make(alder, document=UPPER)


def test_a_money_change_of_a_client_waits_for_the_clients_signature(
    customers: Mapping, alder: Client, bob: Actor, carol: Actor, actor: Callable[[Person], Actor]
) -> None:
    own = make(alder)
    document = with_rule(CUSTOMERS, id="tax", target="tax_code", source="tax")
    request = propose(bob, own, document)
    assert request.touches_money
    assert sign(carol, request).status == "submitted"
    assert sign(actor(actors.HEIDI), request).status == "applied"


def test_a_change_of_a_name_touches_no_money(customers: Mapping, bob: Actor) -> None:
    request = propose(bob, customers, UPPER)
    assert not request.touches_money
    assert "every client" in request.risk["notes"][0]


# --- written once ----------------------------------------------------------------------------


def test_a_version_can_not_be_saved_again_or_deleted(customers: Mapping) -> None:
    assert customers.live is not None
    with pytest.raises(TypeError):
        customers.live.save()
    with pytest.raises(TypeError):
        customers.live.delete()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mappings_mappingversion SET document = '{}'",
        "UPDATE mappings_mappingversion SET hash = 'x'",
        "UPDATE mappings_mappingversion SET number = 9",
        "UPDATE mappings_mappingversion SET author_label = 'Somebody else'",
        "UPDATE mappings_mappingversion SET author_id = (SELECT max(id) FROM accounts_user)",
        "UPDATE mappings_mappingversion SET created_at = now() - interval '1 day'",
        "DELETE FROM mappings_mappingversion",
    ],
)
def test_the_database_refuses_to_change_a_version(customers: Mapping, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="version"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_the_same_content_is_compiled_once_in_whatever_partner(customers: Mapping) -> None:
    assert customers.live is not None
    customers.live.mapping = customers
    here = compiled(customers.live)
    with schema_scope(Partner.objects.get(slug=actors.BRIGHTBRIDGE[0]).schema_name):
        assert compiled(customers.live) is here
    other = MappingVersion(mapping=customers, hash=customers.live.hash)
    other.document = {**customers.live.document, "checks": []}
    assert compiled(other) is not here, "what is shared goes by the content itself"


def test_a_record_gets_lists_and_objects_of_its_own() -> None:
    rules = [
        {"id": "a", "target": "a", "constant": {"lines": [1]}},
        {"id": "b", "target": "b", "source": "b", "on_missing": "default", "default": [[1]]},
        {
            "id": "c",
            "target": "c",
            "source": "c",
            "lookup": {"value_map": "words", "on_miss": "default"},
            "default": ["x"],
        },
    ]
    mapping = compile_mapping({"rules": rules})
    inputs = Inputs(values={"words": {}})
    wanted = {"a": {"lines": [1]}, "b": [[1]], "c": ["x"]}
    for _ in range(2):
        data = mapping.run({"c": "?"}, inputs=inputs).data
        assert data == wanted
        data["a"]["lines"].append(2)  # type: ignore[index]
        data["b"][0].append(2)  # type: ignore[index]
        data["c"].append("y")  # type: ignore[attr-defined]


def test_a_mapping_with_a_wrong_direction_is_not_made(customers: Mapping) -> None:
    with pytest.raises(ValidationError):
        ensure_mapping(
            command_actor("tests"), slug="x", name="X", direction="sideways",
            canonical="customer", document=CUSTOMERS,
        )  # fmt: skip
