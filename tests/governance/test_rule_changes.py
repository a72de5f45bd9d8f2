"""What governs is governed: rules and windows, and no way to a governed object but a request."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client as Browser

from branding.services import anchor_mail
from branding.services.agreement_changes import AGREEMENT_CHANGE
from branding.services.brand_changes import BRAND
from branding.services.client_brand import CLIENT_BRAND
from branding.services.fee_changes import FEE_CHANGE
from branding.services.price_changes import PRICE_CHANGE
from branding.services.tiers import KIND as PRICES
from governance.actors import SYSTEM, Actor
from governance.appliers import governed_kinds
from governance.errors import BaseMoved, InvalidProposal, SignatureRefused, Ungoverned
from governance.models import AuditEntry, Change, ChangeRequest, Policy, Window
from governance.permits import permit, require_permit
from governance.policy_terms import Terms, terms_from, weakenings
from governance.services import changes, policy_changes, window_changes
from governance.services.details import request_detail
from governance.services.emergencies import rush
from governance.services.policy_changes import propose_policy, terms_of
from governance.services.rollbacks import roll_back
from governance.services.window_changes import WindowValues, propose_window
from mappings.models import Mapping, MappingVersion, ValueMap, ValueMapVersion
from mappings.services import ownership, value_maps, versions
from syncjobs.models import Connection
from syncjobs.services import (
    connections,
    hold_releases,
    retention_changes,
    scope_changes,
    workflow_changes,
)
from syncjobs.services.workflows import install_workflow
from tenants.accounts.models import Client
from tenants.accounts.services import role_changes
from tests import actors
from tests.governance.governed import approve, propose

Browse = Callable[..., Browser]
ROOT = Path(__file__).resolve().parents[2]
STRICT = Terms(approvals=2, review_within_hours=24, solo=True)


def _policy(kind: str, heavy: bool | None = None) -> Policy:
    return Policy.objects.get(kind=kind, touches_money=heavy)


def test_a_stricter_rule_needs_one_signature_and_holds_at_once(alice: Actor, carol: Actor) -> None:
    asked = propose_policy(alice, "workflow/any", STRICT, reason="Two pairs of eyes.")
    assert not asked.weakens
    assert not Policy.objects.filter(kind="workflow").exists()
    assert approve(carol, asked).status == "applied"
    assert terms_of(_policy("workflow")) == STRICT
    assert roll_back(alice, asked.pk, reason="Too much.").weakens


def test_a_weaker_rule_needs_what_the_rule_itself_asks_for(
    alice: Actor, bob: Actor, carol: Actor
) -> None:
    Policy.objects.filter(kind="*").update(approvals=2, approver_roles=["approver"])
    asked = propose_policy(bob, "*/any", STRICT, reason="Faster.")
    assert asked.weakens
    assert "More roles may approve." in asked.risk["notes"]
    with pytest.raises(SignatureRefused, match="names the roles"):
        approve(alice, asked)
    assert approve(carol, asked).status == "submitted"
    assert request_detail(bob, asked.pk).missing == ["1 approval by somebody who did not write it"]
    assert terms_of(_policy("*")).approver_roles == ("approver",)


def test_a_rule_is_judged_anew_when_what_governs_in_its_place_moves(
    alice: Actor, carol: Actor
) -> None:
    one = Terms(approvals=1, review_within_hours=24, solo=True)
    asked = propose_policy(alice, "workflow/any", one, reason="The same, in words.")
    assert not asked.weakens
    Policy.objects.filter(kind="*").update(approvals=3)
    with pytest.raises(BaseMoved):
        approve(carol, asked)
    asked.refresh_from_db()
    assert (asked.weakens, asked.risk["approvals"]) == (True, 3)
    Policy.objects.update(review_within_hours=24)
    said = "weakens a control is no emergency"
    with pytest.raises(InvalidProposal, match=said):
        rush(alice, asked.pk, content_hash=asked.content_hash, reason="Now.")


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({"approvals": 1}, "instead of 2"),
        ({"approver_roles": ()}, "More roles"),
        ({"approver_roles": ("owner", "approver")}, "More roles"),
        ({"client_signature": False}, "signs no longer"),
        ({"independence_days": 3}, "sooner"),
        ({"auto_apply": True}, "nobody presses Apply"),
        ({"impact_required": False}, "without an impact preview"),
        ({"in_window": False}, "outside release windows"),
        ({"expires_after_hours": None}, "stay open longer"),
        ({"review_within_hours": 48}, "wait longer"),
        ({"solo": True}, "alone"),
    ],
)
def test_every_way_to_ask_for_less_is_seen(after: dict[str, object], words: str) -> None:
    before = {
        "approvals": 2,
        "approver_roles": ["approver"],
        "client_signature": True,
        "independence_days": 14,
        "auto_apply": False,
        "impact_required": True,
        "in_window": True,
        "expires_after_hours": 24,
        "review_within_hours": 24,
        "solo": False,
    }
    strict = terms_from(before)
    (found,) = weakenings(strict, terms_from({**before, **after}))
    assert words in found
    assert weakenings(terms_from({**before, **after}), strict) == []


def test_a_rule_cannot_be_nonsense_or_leave_nothing_to_govern(alice: Actor) -> None:
    for wrong in ({"approvals": -1}, {"approvals": "2"}, {"review_within_hours": 0}):
        with pytest.raises(ValueError, match="number from"):
            terms_from(wrong)
    with pytest.raises(InvalidProposal, match="cannot be removed"):
        propose_policy(alice, "*/any", None, reason="Away.")
    for target in ("nothing/any", "workflow/none", "*"):
        with pytest.raises(InvalidProposal, match="no such changes"):
            propose_policy(alice, target, STRICT, reason="r")


FREEZE = WindowValues(
    name="Month end", mode="freeze", time_zone="Europe/Amsterdam", first_day=28, last_day=2
)


def test_a_freeze_comes_by_one_signature_and_goes_by_a_weakening_one(
    alice: Actor, carol: Actor
) -> None:
    asked = propose_window(alice, None, FREEZE, reason="Books close.")
    assert (asked.weakens, Window.objects.filter(active=True).exists()) == (False, False)
    approve(carol, asked)
    window = Window.objects.get(active=True)
    assert (window.name, str(window.pk)) == ("Month end", asked.changes.get().target_id)
    assert propose_window(alice, window, None, reason="Not needed.").weakens
    assert AuditEntry.objects.filter(action="window.set").count() == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"first_day": None, "last_day": None}, "Say when"),
        ({"last_day": None}, "both days"),
        ({"first_day": 40}, "1 to 31"),
        ({"time_zone": "../etc/passwd"}, "time zone"),
        ({"from_time": "9"}, "18:00"),
        ({"from_time": "18:00"}, "both hours"),
        ({"starts_at": "2026-12-01T00:00"}, "2026-12-31T18"),
        ({"weekdays": (9,)}, "Monday"),
        ({"name": " "}, "name"),
    ],
)
def test_a_window_that_means_nothing_is_refused_with_what_to_write(
    alice: Actor, values: dict[str, object], words: str
) -> None:
    wrong = WindowValues(**{**FREEZE.as_json(), "weekdays": (), **values})  # type: ignore[arg-type]  # on purpose
    with pytest.raises(InvalidProposal, match=words):
        propose_window(alice, None, wrong, reason="r")
    assert not ChangeRequest.objects.exists()


def _change(kind: str, target_id: str) -> Change:
    return Change(kind=kind, target_id=target_id, content={"removed": True, "terms": {}})


GOVERNED: dict[str, Callable[[Client], object]] = {
    "mapping_version": lambda one: versions.publish(Mapping(pk=1), MappingVersion()),
    "value_map_version": lambda one: value_maps.publish_table(
        ValueMap(pk=1), ValueMapVersion(table={"a": "b"})
    ),
    "ownership": lambda one: ownership.set_owners("customer", None, {}),
    "approval_policy": lambda one: policy_changes.APPROVAL_POLICY.apply(
        _change("approval_policy", "*/any"), SYSTEM
    ),
    "change_window": lambda one: window_changes.CHANGE_WINDOW.apply(
        _change("change_window", "1"), SYSTEM
    ),
    "workflow": lambda one: workflow_changes.WORKFLOW_CHANGE.apply(
        _change("workflow", "1"), SYSTEM
    ),
    "connection_scope": lambda one: scope_changes.CONNECTION_SCOPE.apply(
        _change("connection_scope", "1"), SYSTEM
    ),
    "retention": lambda one: retention_changes.RETENTION.apply(
        _change("retention", "days"), SYSTEM
    ),
    "anchor_mail": lambda one: anchor_mail.ANCHOR_MAIL.apply(
        _change("anchor_mail", "addresses"), SYSTEM
    ),
    "hold_release": lambda one: hold_releases.HOLD_RELEASE.apply(
        _change("hold_release", "1"), SYSTEM
    ),
    "role": lambda one: role_changes.ROLE_CHANGE.apply(_change("role", "1"), SYSTEM),
    "brand": lambda one: BRAND.apply(_change("brand", "brand"), SYSTEM),
    "client_brand": lambda one: CLIENT_BRAND.apply(_change("client_brand", str(one.pk)), SYSTEM),
    "agreed_terms": lambda one: AGREEMENT_CHANGE.apply(_change("agreed_terms", "1"), SYSTEM),
    "one_off_fee": lambda one: FEE_CHANGE.apply(_change("one_off_fee", "1"), SYSTEM),
    PRICES: lambda one: PRICE_CHANGE.apply(_change(PRICES, "1"), SYSTEM),
}


def test_every_governed_kind_has_its_way_closed(alder: Client) -> None:
    assert set(GOVERNED) == set(governed_kinds())
    for kind, write in GOVERNED.items():
        with pytest.raises(Ungoverned):
            write(alder)
        # Leave for another object of the kind is no leave.
        with permit(kind, "another"), pytest.raises(Ungoverned):
            write(alder)


def test_people_lay_down_nothing_new_and_no_leave_outlives_its_change(
    alder: Client, alice: Actor
) -> None:
    made = Connection(pk=1, client=alder)
    with pytest.raises(Ungoverned):
        install_workflow(alice, client=alder, blueprint="time_to_billing", bindings={})
    with pytest.raises(Ungoverned):
        connections.ensure_stream(
            alice, made, object_="accounts", canonical="customer", mapping="x"
        )
    with pytest.raises(Ungoverned):
        versions.ensure_mapping(
            alice, slug="x", name="X", direction="inbound", canonical="customer",
            object="accounts", connector="sandbox_crm",
            document={"rules": [{"id": "n", "target": "number", "constant": "1"}]},
        )  # fmt: skip
    with pytest.raises(RuntimeError), permit("workflow", "1"):
        raise RuntimeError
    with pytest.raises(Ungoverned):
        require_permit("workflow", "1")


def _callers(name: str) -> set[str]:
    """Return which files of the product call a function by that name."""
    found = set()
    for app in ("branding", "config", "governance", "mappings", "syncjobs", "tenants"):
        for path in (ROOT / app).rglob("*.py"):
            text = path.read_text()
            if f"{name}(" not in text:  # parsing everything would take seconds
                continue
            calls = [one.func for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Call)]
            names = {getattr(one, "id", getattr(one, "attr", "")) for one in calls}
            if name in names:
                found.add(str(path.relative_to(ROOT)))
    return found


def test_only_applying_gives_leave_and_only_being_new_goes_without() -> None:
    assert _callers("permit") == {"governance/services/applying.py"}
    assert _callers("laying_down") == {
        "branding/services/brand_changes.py",
        "mappings/services/value_maps.py",
        "mappings/services/versions.py",
        "syncjobs/services/streams.py",
        "syncjobs/services/workflows.py",
    }
    assert _callers("make_live") == {
        "governance/services/applying.py",
        "governance/services/emergencies.py",
    }
    assert _callers("put_live") == {"branding/services/brand_changes.py"}
    assert _callers("set_owners") == {"mappings/change_control.py"}


@pytest.mark.usefixtures("at_home", "governed")
def test_the_pages_propose_and_decide(
    alder: Client, bob: Actor, carol: Actor, browse: Browse
) -> None:
    engineer, approver = browse(actors.BOB), browse(actors.CAROL)
    form = {"approvals": "2", "independence_days": "14", "auto_apply": "on", "reason": "Two."}
    answer = engineer.post("/changes/rules/workflow/any/", {**form, "expires_after_hours": "24"})
    asked = ChangeRequest.objects.get()
    assert answer["Location"] == f"/changes/{asked.pk}/"
    assert "2 approvals" in approver.get(f"/changes/{asked.pk}/").content.decode()
    window = {"name": "Night", "mode": "release", "time_zone": "UTC", "from_time": "22:00"}
    page = engineer.post("/changes/calendar/add/", {**window, "reason": "r"}).content.decode()
    assert "Give both hours, or neither." in page
    engineer.post("/changes/calendar/add/", {**window, "to_time": "23:00", "reason": "r"})
    approve(carol, ChangeRequest.objects.get(title__contains="Night"))
    shown = approver.get("/changes/calendar/").content.decode()
    assert "Between 22:00 and 23:00" in shown
    assert "Approval rules" in approver.get("/changes/rules/").content.decode()
    money = propose(bob, alder, money=False)
    said = {"content_hash": money.content_hash, "comment": "It posts twice."}
    engineer.post(f"/changes/{money.pk}/emergency/", said)
    red = approver.get(f"/changes/{money.pk}/").content.decode()
    assert "Emergency: live, and signed by nobody yet" in red
    assert "Reviewed: it is right" in red
    approver.post(f"/changes/{money.pk}/approve/", {"content_hash": money.content_hash})
    assert ChangeRequest.objects.get(pk=money.pk).reviewed_at is not None
    engineer.post(f"/changes/{money.pk}/roll-back/", {"comment": "Wrong after all."})
    back = ChangeRequest.objects.get(rolls_back=money)
    assert back.status == "submitted"
    assert changes.withdraw(bob, back.pk).status == "withdrawn"
    engineer.post(f"/changes/{money.pk}/comment/", {"comment": "It stays."})
    assert "It stays." in approver.get(f"/changes/{money.pk}/").content.decode()
