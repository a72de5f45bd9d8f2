"""Replay verdicts."""

from dataclasses import replace

import pytest

from syncjobs.verdict import Facts, preview, verdict

FACTS = Facts(
    mode="upsert",
    state="failed",
    known_there=False,
    idempotent_target=False,
    can_look_up=True,
    outcome_open=False,
)


@pytest.mark.parametrize(
    ("changes", "answer", "effect"),
    [
        ({}, "safe", "Creates the record."),
        ({"known_there": True}, "safe", "Updates the one record that exists."),
        ({"same_content": True, "known_there": True}, "safe", "Writes nothing."),
        ({"outcome_open": True}, "verify", "only if it is not there"),
        ({"outcome_open": True, "can_look_up": False}, "manual", "a second time"),
        (
            {"outcome_open": True, "can_look_up": False, "idempotent_target": True},
            "safe",
            "at most once",
        ),
        ({"mode": "action"}, "safe", "Does it once."),
        ({"mode": "action", "outcome_open": True}, "manual", "a second time"),
        (
            {"mode": "action", "outcome_open": True, "idempotent_target": True},
            "safe",
            "at most once",
        ),
        ({"same_content": True, "outcome_open": True}, "verify", "Asks the target first"),
    ],
)
def test_a_verdict_says_how_safe_and_what_is_expected(
    changes: dict[str, object], answer: str, effect: str
) -> None:
    found = verdict(replace(FACTS, **changes))  # type: ignore[arg-type]  # named fields
    assert found.answer == answer
    assert effect in found.effect


def test_a_preview_counts_equal_verdicts_the_safe_and_the_many_first() -> None:
    creates = verdict(FACTS)
    updates = verdict(replace(FACTS, known_there=True))
    asks = verdict(replace(FACTS, outcome_open=True))
    person = verdict(replace(FACTS, outcome_open=True, can_look_up=False))
    found = preview([person, asks, creates, updates, updates, asks, asks])
    assert found.parts == ((2, updates), (1, creates), (3, asks), (1, person))
    assert found.in_short == "3 safe to send again · 3 verified first · 1 needs a person"
    assert (found.total, found.doubtful, found.goes) == (7, 1, 6)
    assert preview([person, person]).in_short == "2 need a person"
    assert preview([creates, asks]).doubtful == 0
