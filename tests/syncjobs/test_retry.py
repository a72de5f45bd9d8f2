"""What follows an error is read from its class alone."""

import pytest

from syncjobs.connectors.errors import ERRORS
from syncjobs.engine.send import shape_of
from syncjobs.retry import (
    CAP_SECONDS,
    LONGEST_OPEN,
    LOOK_UP_AFTER,
    LOOK_UP_ANSWERED,
    MAX_ATTEMPTS,
    OUTAGE,
    TRIP_AFTER,
    after_lost_lease,
    backoff,
    decide,
    open_for,
    trips,
)
from syncjobs.state import DELIVERY


def _most() -> float:
    return 1.0


def test_every_class_of_error_leads_to_a_move_of_the_table() -> None:
    for error in ERRORS:
        for attempt in (1, 50):
            decision = decide(error.kind, attempt=attempt, retry_after=None, draw=_most)
            assert DELIVERY.may("running", decision.move), error.kind


@pytest.mark.parametrize(
    ("kind", "move"),
    [
        ("transient", "retry_later"),
        ("rate_limited", "retry_later"),
        ("conflict", "retry_later"),
        ("unknown", "lose_answer"),
        ("permanent", "fail"),
        ("rejected", "fail"),
        ("config", "give_back"),
    ],
)
def test_the_first_time(kind: str, move: str) -> None:
    assert decide(kind, attempt=1, retry_after=None, draw=_most).move == move


def test_patience_ends() -> None:
    for kind, limit in MAX_ATTEMPTS.items():
        last = decide(kind, attempt=limit, retry_after=None, draw=_most)
        assert last.move == ("park" if kind == "unknown" else "fail")


def test_the_pause_grows_has_full_jitter_and_is_capped() -> None:
    assert [backoff(n, _most) for n in (1, 2, 3, 4)] == [2.0, 4.0, 8.0, 16.0]
    assert backoff(5, lambda: 0.0) == 0.0
    assert backoff(1000, _most) == CAP_SECONDS


def test_a_systems_own_wish_is_the_least() -> None:
    decision = decide("rate_limited", attempt=1, retry_after=30.0, draw=_most)
    assert 30.0 <= decision.delay <= 33.0


def test_a_look_up_leaves_the_target_time_to_commit() -> None:
    decision = decide("unknown", attempt=1, retry_after=None, draw=lambda: 0.0)
    assert (decision.delay, decision.verify) == (LOOK_UP_AFTER, True)


@pytest.mark.parametrize(
    ("status", "retry_after", "wait"),
    [(503, 0.0, LOOK_UP_ANSWERED), (500, 2.0, 2.0), (503, None, LOOK_UP_AFTER)]
    + [(status, 0.0, LOOK_UP_AFTER) for status in (0, 502, 504)],
)
def test_who_says_when_to_come_back_is_asked_sooner(
    status: int, retry_after: float | None, wait: float
) -> None:
    """But not a gateway, behind which the system may still be at work."""
    decision = decide(
        "unknown", attempt=1, retry_after=retry_after, draw=lambda: 0.0, status=status
    )
    assert (decision.move, decision.delay, decision.verify) == ("lose_answer", wait, True)


def test_a_lost_lease_is_asked_for_twice_and_then_parked() -> None:
    found = [after_lost_lease(n, may_have_sent=True) for n in (1, 2, 3)]
    assert [one.move for one in found] == ["lose_lease", "lose_lease", "park"]
    assert all(one.verify for one in found)


def test_what_was_not_sent_under_a_lost_lease_goes_back_twice_and_is_then_parked() -> None:
    found = [after_lost_lease(n, may_have_sent=False) for n in (1, 2, 3)]
    assert [one.move for one in found] == ["give_back", "give_back", "park"]
    assert not any(one.verify for one in found)


def test_the_breaker_opens_after_failures_in_a_row_for_longer_each_time() -> None:
    assert not trips(TRIP_AFTER - 1)
    assert trips(TRIP_AFTER)
    assert [open_for(TRIP_AFTER + n) for n in range(4)] == [15.0, 30.0, 60.0, 60.0]
    assert open_for(10_000) == LONGEST_OPEN


@pytest.mark.parametrize("kind", sorted(MAX_ATTEMPTS))
def test_an_outage_uses_up_nobodys_patience(kind: str) -> None:
    decision = decide(kind, attempt=100, retry_after=None, draw=_most, is_out=True)
    if kind in OUTAGE:
        assert decision.move == ("lose_answer" if kind == "unknown" else "retry_later")
        assert decision.delay == LONGEST_OPEN
    else:
        assert decision.move == "fail", "the system answers, and it is this that it refuses"


def test_messages_that_differ_by_numbers_and_names_have_one_shape() -> None:
    one = shape_of("Work on 2026-10-30 is outside contract CT-2229 of “Amberley”.")
    two = shape_of("Work on 2026-10-31 is outside contract CT-2230 of “Bower”.")
    assert one == two
    assert one != shape_of("Customer C-1 is blocked.")
