"""The table of states, and what each check leads to."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import BadTransition
from tenants.domains import state
from tenants.domains.state import HELD, LABELS, SERVED, TRANSITIONS, Move
from tenants.domains.verdict import (
    Pointing,
    Proof,
    Seen,
    Standing,
    judge,
    pointing_text,
    proof_text,
    wait_after,
)
from tenants.models import Domain

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GRACE = timedelta(days=7)
HERE = Seen(Proof.FOUND, Pointing.HERE)
PROVED = Seen(Proof.FOUND, Pointing.ELSEWHERE)
GONE = Seen(Proof.ABSENT, Pointing.HERE)
OTHER = Seen(Proof.DIFFERENT, Pointing.HERE, ("x",))
SILENT = Seen(Proof.SILENT, Pointing.SILENT)


def standing(name: str, **known: object) -> Standing:
    return Standing(name, NOW - timedelta(days=1), **known)  # type: ignore[arg-type]  # a test's


def test_the_model_has_the_tables_states() -> None:
    assert dict(Domain.State.choices) == dict(LABELS)
    assert {before for before, _ in TRANSITIONS} | set(TRANSITIONS.values()) == set(LABELS)


def test_every_way_that_is_not_in_the_table_is_refused_in_words() -> None:
    for before, way in product(LABELS, get_args(Move)):
        if (before, way) in TRANSITIONS:
            assert state.after(before, way) == TRANSITIONS[before, way]
            continue
        with pytest.raises(BadTransition, match=LABELS[before].lower()):
            state.after(before, way)


def test_only_an_operator_brings_a_removed_domain_back() -> None:
    assert [way for before, way in TRANSITIONS if before == "removed"] == ["vouch"]


def test_nothing_is_served_that_was_not_proved_or_vouched_for() -> None:
    ways = {way for (before, way), after in TRANSITIONS.items() if after == "active"}
    assert ways == {"activate", "vouch", "prove"}
    assert TRANSITIONS["failing", "prove"] == "active"
    assert TRANSITIONS["pending", "prove"] not in SERVED
    assert SERVED < HELD


@pytest.mark.parametrize(
    ("before", "seen", "moves"),
    [
        (standing("pending"), HERE, ("prove", "activate")),
        (standing("pending"), PROVED, ("prove",)),
        (standing("pending"), GONE, ()),
        (standing("pending"), OTHER, ()),
        (standing("pending"), SILENT, ()),
        (standing("verified", proved_at=NOW), HERE, ("activate",)),
        (standing("verified", proved_at=NOW), PROVED, ()),
        (standing("verified", proved_at=NOW), GONE, ("lose",)),
        (standing("verified", proved_at=NOW), SILENT, ()),
        (standing("active", proved_at=NOW), HERE, ()),
        (standing("active", proved_at=NOW), PROVED, ()),
        (standing("active", proved_at=NOW), GONE, ("lose",)),
        (standing("active", proved_at=NOW), OTHER, ("lose",)),
        (standing("active", proved_at=NOW - GRACE / 2), SILENT, ()),
        (standing("active", proved_at=NOW - GRACE), SILENT, ("lose",)),
        (standing("failing", failing_since=NOW - GRACE / 2), GONE, ()),
        (standing("failing", failing_since=NOW - GRACE / 2), PROVED, ("prove",)),
        (standing("failing", failing_since=NOW - GRACE), PROVED, ("prove",)),
        (standing("failing", failing_since=NOW - GRACE), GONE, ("expire",)),
        (standing("failing", failing_since=NOW - GRACE), SILENT, ("expire",)),
        (standing("removed"), HERE, ()),
        (standing("removed"), GONE, ()),
    ],
)
def test_what_a_check_leads_to(before: Standing, seen: Seen, moves: tuple[Move, ...]) -> None:
    assert judge(before, seen, NOW, GRACE).moves == moves


@given(
    st.sampled_from(sorted(LABELS)),
    st.sampled_from(Proof),
    st.sampled_from(Pointing),
    st.integers(0, 40),
    st.integers(0, 400),
)
def test_every_check_goes_ways_of_the_table_and_looks_again_in_time(
    name: str, proof: Proof, pointing: Pointing, misses: int, days: int
) -> None:
    past = NOW - timedelta(days=days)
    failing = past if name == "failing" else None
    before = Standing(name, past, past, failing, misses)
    verdict = judge(before, Seen(proof, pointing), NOW, GRACE)
    after = name
    for way in verdict.moves:
        after = state.after(after, way)
    if after in HELD and verdict.moves:
        assert verdict.next_check is not None, "what is held is looked at again"
    if verdict.next_check is not None:
        assert timedelta(0) < verdict.next_check - NOW <= timedelta(hours=6)


def test_the_wait_doubles_up_to_its_bound() -> None:
    most = timedelta(hours=6)
    waits = [wait_after(misses, most) for misses in (1, 2, 3, 8, 9, 10, 1000)]
    minutes = [wait.total_seconds() / 60 for wait in waits]
    assert minutes == [1, 2, 4, 128, 256, 360, 360]


def test_a_name_that_nobody_proves_is_left_alone_after_a_month() -> None:
    young = Standing("pending", NOW - timedelta(days=29), misses=50)
    old = Standing("pending", NOW - timedelta(days=30), misses=50)
    assert judge(young, GONE, NOW, GRACE).next_check == NOW + timedelta(hours=6)
    assert judge(old, GONE, NOW, GRACE).next_check is None
    assert judge(old, PROVED, NOW, GRACE).next_check is not None


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (HERE, "The TXT record is in place."),
        (GONE, "No TXT record found at _p.x.example."),
        (OTHER, "Found “x” at _p.x.example, expected “tok”."),
        (SILENT, "The DNS server did not answer; we try again in 5 minutes."),
    ],
)
def test_the_proof_in_words(seen: Seen, said: str) -> None:
    assert proof_text(seen, "_p.x.example", "tok", timedelta(minutes=5)) == said


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (None, "The DNS server did not answer."),
        (timedelta(minutes=1), "The DNS server did not answer; we try again in 1 minute."),
        (timedelta(hours=1), "The DNS server did not answer; we try again in 1 hour."),
        (timedelta(hours=6), "The DNS server did not answer; we try again in 6 hours."),
    ],
)
def test_the_wait_in_words(wait: timedelta | None, said: str) -> None:
    assert proof_text(SILENT, "r", "t", wait) == said


def test_where_it_points_in_words() -> None:
    elsewhere = Seen(Proof.FOUND, Pointing.ELSEWHERE, leads_to=("203.0.113.9",))
    assert pointing_text(elsewhere, "in.example") == (
        "The name points to 203.0.113.9, expected in.example."
    )
    nowhere = pointing_text(Seen(Proof.FOUND, Pointing.NOWHERE), "in.example")
    assert "must point to in.example" in nowhere
