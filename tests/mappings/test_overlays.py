"""Overlays: a client differs only where the partner's mapping is open, and follows it elsewhere."""

import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client as Browser
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.actors import Actor
from governance.errors import Refusal
from governance.models import ChangeRequest
from governance.services import changes, impacts
from mappings.compiled import compiled
from mappings.diff import diff
from mappings.documents import MappingError, canonical_json, rules_of
from mappings.engine import Inputs, compile_mapping
from mappings.models import Mapping, MappingVersion
from mappings.overlays import laid_over, overlay_between
from mappings.services.checking import Refused
from mappings.services.overlays import ensure_overlay, rule_origins
from mappings.services.versions import live_version, propose_document, propose_version, save_draft
from tenants.accounts.models import Client
from tests import actors
from tests.mappings.conftest import CUSTOMERS, SAMPLE, make, with_rule

pytestmark = pytest.mark.usefixtures("at_home")
OPEN: dict[str, Any] = {
    "rules": [
        {"id": "number", "target": "number", "source": "number", "required": True},
        {"id": "name", "target": "name", "source": "name", "extension": "replace"},
        {"id": "city", "target": "city", "source": "address.city", "extension": "any"},
        {"id": "terms", "target": "payment_terms", "source": "terms"},
    ],
    "open_targets": ["legal_name", "phone"],
}
LOUD = {"id": "name", "target": "name", "source": "name", "steps": [{"do": "upper"}]}
LEGAL = {"id": "legal", "target": "legal_name", "source": "name"}
CHANGES: list[dict[str, object]] = [
    {"do": "replace", "id": "name", "rule": LOUD},
    {"do": "disable", "id": "city"},
    {"do": "add", "id": "legal", "rule": LEGAL},
]


def test_a_client_replaces_leaves_out_and_adds_where_it_may() -> None:
    made = laid_over(OPEN, CHANGES)
    assert [rule["id"] for rule in rules_of(made)] == ["number", "name", "terms", "legal"]
    mapping = compile_mapping(made, object_type="customer")
    assert mapping.run(SAMPLE, inputs=Inputs()).data == {
        "number": "C-1", "name": " ADA ", "payment_terms": "N30", "legal_name": " Ada ",
    }  # fmt: skip
    assert overlay_between(OPEN, made) == sorted(CHANGES, key=lambda one: str(one["id"]))
    assert overlay_between(OPEN, OPEN) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"do": "replace", "id": "number", "rule": {**LOUD, "id": "number"}}, "keeps this rule"),
        ({"do": "disable", "id": "number"}, "keeps this rule"),
        ({"do": "disable", "id": "terms"}, "keeps this rule"),
        ({"do": "disable", "id": "name"}, "not left out"),
        ({"do": "replace", "id": "name", "rule": {**LOUD, "target": "phone"}}, "filling name"),
        ({"do": "replace", "id": "name", "rule": LEGAL}, "different ids"),
        ({"do": "replace", "id": "spy", "rule": {**LOUD, "id": "spy"}}, "no such rule"),
        ({"do": "add", "id": "name", "rule": LOUD}, "has a rule with this id"),
        ({"do": "add", "id": "l", "rule": {**LEGAL, "id": "l", "target": "email"}}, "not let"),
        ({"do": "rename", "id": "name"}, "is one of"),
        ({}, "is one of"),
    ],
    ids=str,
)
def test_what_is_not_open_stays_the_partners(change: dict[str, object], said: str) -> None:
    with pytest.raises(MappingError) as caught:
        laid_over(OPEN, [change])
    assert said in caught.value.problems[0].message


def test_a_rule_is_changed_once_and_checks_not_at_all() -> None:
    with pytest.raises(MappingError, match="changed twice"):
        laid_over(OPEN, [CHANGES[0], CHANGES[0]])
    check = {"id": "c", "assert": "true", "message": "m"}
    with pytest.raises(MappingError, match="Checks are the partner's"):
        overlay_between(OPEN, {**OPEN, "checks": [check]})


def test_a_required_rule_stays_required() -> None:
    template = deepcopy(OPEN)
    template["rules"][0]["extension"] = "replace"
    rule = {"id": "number", "target": "number", "source": "id"}
    with pytest.raises(MappingError, match="stay required"):
        laid_over(template, [{"do": "replace", "id": "number", "rule": rule}])
    template["rules"][0]["extension"] = "any"
    with pytest.raises(MappingError, match="can't be left out"):
        compile_mapping(template, object_type="customer")


@pytest.mark.parametrize(
    "document",
    [
        {**OPEN, "open_targets": "phone"},
        {**OPEN, "open_targets": ["a..b"]},
        {**OPEN, "open_targets": [1]},
        {**OPEN, "open_targets": [f"t{n}" for n in range(101)]},
        with_rule(OPEN, id="x", target="phone", source="x", extension="all"),
        {"rules": [{"id": "l", "target": "l", "for_each": "l", "rules": [
            {"id": "m", "target": "m", "source": "m", "extension": "any"}]}]},
    ],
    ids=lambda one: str(one)[-40:],
)  # fmt: skip
def test_extension_points_that_make_no_sense_are_refused(document: dict[str, object]) -> None:
    with pytest.raises(MappingError):
        compile_mapping(document)


_NAMES = st.sampled_from([f"r{n}" for n in range(8)])
_WORD = st.text("abc", min_size=1, max_size=3)


@st.composite
def _laid(draw: st.DrawFn) -> tuple[dict[str, object], list[dict[str, object]]]:
    """Draw a template and changes that it is open to."""
    rules: list[dict[str, object]] = []
    edits: list[dict[str, object]] = []
    for name in draw(st.lists(_NAMES, min_size=1, unique=True)):
        rule: dict[str, object] = {"id": name, "target": f"t{name}", "source": draw(_WORD)}
        extension = draw(st.sampled_from(["", "replace", "any"]))
        rules.append({**rule, "extension": extension} if extension else rule)
        ways = {"": [""], "replace": ["", "replace"], "any": ["", "replace", "disable"]}
        way = draw(st.sampled_from(ways[extension]))
        new = {**rule, "constant": draw(_WORD)}
        del new["source"]
        edits += [{"do": way, "id": name, **({"rule": new} if way == "replace" else {})}] * bool(
            way
        )
    opened = draw(st.lists(st.sampled_from(["oa", "ob", "oc", "od"]), unique=True))
    for target in opened:
        if draw(st.booleans()):
            added = {"id": f"n{target}", "target": target, "constant": draw(_WORD)}
            edits.append({"do": "add", "id": f"n{target}", "rule": added})
    return {"rules": rules, "open_targets": opened}, edits


@settings(max_examples=200, deadline=None)
@given(_laid(), st.randoms(use_true_random=False))
def test_the_order_of_an_overlay_does_not_matter(
    drawn: tuple[dict[str, object], list[dict[str, object]]], chance: random.Random
) -> None:
    template, edits = drawn
    made = laid_over(template, edits)
    shuffled = list(edits)
    chance.shuffle(shuffled)
    assert canonical_json(laid_over(template, shuffled)) == canonical_json(made)
    ordered = sorted(edits, key=lambda one: str(one["id"]))
    same = [one for one in ordered if one["do"] != "replace" or one["rule"]]
    assert overlay_between(template, made) == same


# --- kept -----------------------------------------------------------------------------------


@pytest.fixture
def template(customers: Mapping) -> Mapping:
    """An open mapping of the partner's."""
    return make(slug="open", name="Open customers", document=OPEN)


@pytest.fixture
def alder(customers: Mapping) -> Client:
    """The client whose rules differ."""
    return Client.objects.get(name="Alder Consulting")


def signed(actor: Actor, request: ChangeRequest) -> ChangeRequest:
    impacts.work_all()
    request.refresh_from_db()
    return changes.approve(actor, request.pk, content_hash=request.content_hash)


def edited(*edits: dict[str, object]) -> dict[str, object]:
    return laid_over(OPEN, edits)


def gone_live(
    bob: Actor, carol: Actor, mapping: Mapping, document: dict[str, object]
) -> MappingVersion:
    asked = propose_document(bob, mapping, document, title="T", reason="R")
    signed(carol, asked)
    mapping.refresh_from_db()
    assert mapping.live is not None
    return mapping.live


def test_an_overlay_is_a_version_of_its_own(
    template: Mapping, alder: Client, bob: Actor, carol: Actor
) -> None:
    overlay = ensure_overlay(bob, template, alder.pk)
    assert ensure_overlay(bob, template, alder.pk) == overlay
    before = live_version("open", alder.pk)
    assert before is not None
    assert before.mapping == template
    live = gone_live(bob, carol, overlay, edited(*CHANGES))
    assert live.overlay == sorted(CHANGES, key=lambda one: str(one["id"]))
    assert live.base == template.live
    now = live_version("open", alder.pk)
    assert now == live
    mapped = compiled(live).run(SAMPLE, inputs=Inputs())
    assert mapped.data is not None
    assert mapped.data["name"] == " ADA "
    other = Client.objects.exclude(pk=alder.pk).get()
    assert live_version("open", other.pk) == template.live


def test_an_overlay_can_not_reach_what_is_closed(
    template: Mapping, alder: Client, bob: Actor
) -> None:
    overlay = ensure_overlay(bob, template, alder.pk)
    closed = with_rule(OPEN, id="terms", target="payment_terms", constant="N90")
    with pytest.raises(Refused, match="keeps this rule"):
        save_draft(bob, overlay, closed)
    assert not overlay.versions.exists()


def test_overlays_follow_their_template(
    template: Mapping, alder: Client, bob: Actor, carol: Actor
) -> None:
    overlay = ensure_overlay(bob, template, alder.pk)
    gone_live(bob, carol, overlay, edited(CHANGES[0]))
    longer = with_rule(OPEN, id="phone", target="phone", source="amount")
    live = gone_live(bob, carol, template, longer)
    overlay.refresh_from_db()
    followed = overlay.live
    assert followed is not None
    assert (followed.number, followed.base, followed.state) == (2, live, "live")
    rules = {str(one["id"]): one for one in rules_of(followed.document)}
    assert rules["phone"]["source"] == "amount"
    assert rules["name"]["steps"] == [{"do": "upper"}]


def test_a_template_leaves_no_overlay_behind(
    template: Mapping, alder: Client, bob: Actor, carol: Actor
) -> None:
    overlay = ensure_overlay(bob, template, alder.pk)
    gone_live(bob, carol, overlay, edited(CHANGES[0]))
    closed = with_rule(OPEN, id="name", target="name", source="name")
    with pytest.raises(Refused, match="Alder Consulting would not fit"):
        save_draft(bob, template, closed)


def test_what_was_signed_over_another_template_does_not_go_live(
    template: Mapping, alder: Client, bob: Actor, carol: Actor
) -> None:
    overlay = ensure_overlay(bob, template, alder.pk)
    waiting = propose_document(bob, overlay, edited(CHANGES[0]), title="T", reason="R")
    draft = save_draft(bob, overlay, edited(CHANGES[1]))
    gone_live(bob, carol, template, with_rule(OPEN, id="mail", target="phone", source="amount"))
    with pytest.raises((Refusal, ValidationError)):
        signed(carol, ChangeRequest.objects.get(pk=waiting.pk))
    overlay.refresh_from_db()
    assert overlay.live is None
    draft.refresh_from_db()
    with pytest.raises(ValidationError, match="keep the version anew"):
        propose_version(bob, draft, title="T", reason="R")


def test_the_difference_says_whose_a_rule_is(template: Mapping, alder: Client, bob: Actor) -> None:
    overlay = ensure_overlay(bob, template, alder.pk)
    asked = propose_document(bob, overlay, edited(*CHANGES), title="T", reason="R")
    lines = asked.changes.get().diff
    own = [text for _, text in lines if "client's own" in text]
    assert any(text.startswith("name ← name | upper") for text in own)
    assert not any("payment_terms" in text for text in own)
    origins = rule_origins(overlay, edited(*CHANGES))
    assert origins == {
        "number": "The partner's",
        "name": "The client's instead of the partner's",
        "terms": "The partner's",
        "legal": "Added by the client",
    }


def test_opening_a_mapping_is_a_difference() -> None:
    closed = {
        "rules": [{k: v for k, v in one.items() if k != "extension"} for one in OPEN["rules"]]
    }
    texts = [line.text for line in diff(closed, OPEN) if line.sign == "+"]
    assert "name ← name; clients may replace it" in texts
    assert "clients may add: phone" in texts


def test_only_a_live_mapping_of_the_partners_is_overlaid(
    template: Mapping, alder: Client, bob: Actor, carol: Actor
) -> None:
    whole = make(alder, slug="whole")
    with pytest.raises(ValidationError, match="partner's"):
        ensure_overlay(bob, whole, alder.pk)
    make(slug="whole-2", document=CUSTOMERS)
    make(alder, slug="whole-2")
    with pytest.raises(ValidationError, match="whole mapping of its own"):
        ensure_overlay(bob, Mapping.objects.get(slug="whole-2", client=None), alder.pk)
    with pytest.raises(PermissionDenied):
        ensure_overlay(carol, template, alder.pk)


def test_the_database_keeps_what_a_client_changed(
    template: Mapping, alder: Client, bob: Actor, carol: Actor
) -> None:
    overlay = ensure_overlay(bob, template, alder.pk)
    version = gone_live(bob, carol, overlay, edited(CHANGES[0]))
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
        connection.cursor().execute(
            "UPDATE mappings_mappingversion SET overlay = '[]' WHERE id = %s", [version.pk]
        )


def test_the_page_makes_one_and_shows_whose_each_rule_is(
    browse: Callable[..., Browser], template: Mapping, alder: Client
) -> None:
    browser = browse(actors.BOB)

    def page(name: str, pk: int) -> str:
        return reverse(name, args=[pk], urlconf="config.urls_admin")

    assert "Alder Consulting" in browser.get(page("mapping_detail", template.pk)).content.decode()
    answer = browser.post(page("mapping_overlay", template.pk), {"client": alder.pk})
    overlay = Mapping.objects.get(template=template)
    assert answer["Location"] == page("mapping_detail", overlay.pk)
    shown = browser.get(answer["Location"]).content.decode()
    assert "The partner&#x27;s, open" in shown
    assert "for Alder Consulting" in shown
