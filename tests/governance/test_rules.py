"""The pure rules: states, hashes, signatures, windows, safe cells."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import BadTransition, InvalidProposal
from governance.hashing import HashedChange, content_hash, plain_content
from governance.requirements import Requirement, Signature, missing_signatures
from governance.spreadsheets import safe_cell
from governance.state import CLOSED, LABELS, OPEN, TRANSITIONS, may, next_status
from governance.windows import Stretch, open_stretch


def test_a_closed_request_goes_nowhere_but_back() -> None:
    ways = {way for way in TRANSITIONS if way[0] in CLOSED}
    assert ways == {("applied", "roll_back")}


def test_only_an_approved_or_scheduled_request_can_go_live() -> None:
    assert {status for status, move in TRANSITIONS if move == "apply"} == {"approved", "scheduled"}


def test_every_edit_and_every_moved_base_asks_for_new_signatures() -> None:
    after = {TRANSITIONS[way] for way in TRANSITIONS if way[1] == "void"}
    assert after == {"submitted"}
    assert {TRANSITIONS[way] for way in TRANSITIONS if way[1] == "edit"} == {"draft", "submitted"}


def test_every_status_can_be_reached_and_has_a_word() -> None:
    assert set(TRANSITIONS.values()) | {"draft"} == set(LABELS) == OPEN | CLOSED


def test_a_wrong_way_says_why_in_plain_words() -> None:
    assert not may("rejected", "approve")
    with pytest.raises(BadTransition, match="This change is rejected, so it cannot be approved"):
        next_status("rejected", "approve")


CHANGE = HashedChange("mapping_version", "4", 7, "3", {"rules": [{"id": "r1", "target": "a"}]})


@pytest.mark.parametrize(
    "other",
    [
        HashedChange("workflow", "4", 7, "3", CHANGE.content),
        HashedChange("mapping_version", "5", 7, "3", CHANGE.content),
        HashedChange("mapping_version", "4", 8, "3", CHANGE.content),
        HashedChange("mapping_version", "4", 7, "4", CHANGE.content),
        HashedChange("mapping_version", "4", 7, "3", {"rules": [{"id": "r1", "target": "b"}]}),
    ],
)
def test_a_signature_binds_content_target_client_and_base(other: HashedChange) -> None:
    assert content_hash(1, [CHANGE]) != content_hash(1, [other])


def test_a_signature_binds_the_revision_and_the_whole_set() -> None:
    hashes = {content_hash(1, [CHANGE]), content_hash(2, [CHANGE]), content_hash(1, [CHANGE] * 2)}
    assert len(hashes) == 3


def test_the_order_of_keys_does_not_matter() -> None:
    one = HashedChange("k", "1", None, "", {"a": 1, "b": 2})
    two = HashedChange("k", "1", None, "", {"b": 2, "a": 1})
    assert content_hash(1, [one]) == content_hash(1, [two])


@pytest.mark.parametrize("bad", [1.5, Decimal("1.5"), {1: "a"}, "a\x00", "\ud800", object(), {1}])
def test_content_that_the_database_would_alter_is_refused(bad: object) -> None:
    with pytest.raises(InvalidProposal, match=r"content\.field"):
        plain_content({"field": bad})


def test_content_is_copied() -> None:
    content: dict[str, object] = {"list": [{"a": 1}]}
    copy = plain_content(content)
    assert copy == content
    assert copy["list"] is not content["list"]


def test_one_person_is_one_signature_and_a_client_never_counts_as_staff() -> None:
    needed = Requirement(approvals=2, client_id=7, auto_apply=True)
    alice, carol = Signature("alice@x", None), Signature("carol@x", None)
    heidi, outsider = Signature("heidi@x", 7), Signature("mallory@x", 8)
    assert missing_signatures(needed, [alice, alice]).staff == 1
    assert missing_signatures(needed, [heidi, outsider]).staff == 2
    assert missing_signatures(needed, [alice, carol, outsider]).client
    assert missing_signatures(needed, [alice, carol, heidi]).nothing


MONTH_END = Stretch("Month end", "Europe/Amsterdam", first_day=29, last_day=2)


@pytest.mark.parametrize(
    ("moment", "frozen"),
    [
        (datetime(2026, 11, 28, 22, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 28, 23, 0, tzinfo=UTC), True),  # 29 November in Amsterdam
        (datetime(2026, 12, 2, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 12, 2, 23, 0, tzinfo=UTC), False),
        (datetime(2027, 2, 28, 12, 0, tzinfo=UTC), True),  # a month without a 29th
    ],
)
def test_a_monthly_freeze_counts_days_in_its_own_zone(moment: datetime, *, frozen: bool) -> None:
    assert (open_stretch([MONTH_END], moment) is not None) is frozen


def test_a_freeze_between_two_moments_ends_exactly_then() -> None:
    zone = ZoneInfo("Europe/Berlin")
    start, end = datetime(2026, 12, 20, tzinfo=zone), datetime(2027, 1, 4, tzinfo=zone)
    freeze = Stretch("Year end", "Europe/Berlin", starts_at=start, ends_at=end)
    assert open_stretch([freeze], start) is freeze
    assert open_stretch([freeze], end) is None
    assert open_stretch([Stretch("Nothing", "UTC")], start) is None


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+1",
        "-1+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff=1",
        "＝1+1",
        "＋1",
        "－1+1",
        "＠SUM(A1)",
        "﹢1",
        "\x00=1",
        "\t",
    ],
)
def test_a_cell_that_could_be_a_formula_is_quoted(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-12.50", "145.00", "", "Alder & Co", "a=b", "2026-11-01"])
def test_an_ordinary_cell_is_left_alone(text: str) -> None:
    assert safe_cell(text) == text


@given(st.text())
def test_no_cell_begins_with_a_sign_unless_it_is_a_number(text: str) -> None:
    cell = safe_cell(text)
    if cell[:1] in tuple("=+-@"):
        assert Decimal(cell).is_finite()
