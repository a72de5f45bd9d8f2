"""What must hold after every seed, and at each death on the way. See docs/engine.md."""

from collections import Counter
from typing import Any

from django.db import connection
from django.db.models import Count, Max

from syncjobs.models import Attempt, Delivery, InboundEvent
from syncjobs.retry import MAX_UNFINISHED_STARTS
from syncjobs.state import DELIVERY
from tests.chaos.plan import Plan
from tests.chaos.target import Journal, Line
from tests.chaos.world import due_in
from tests.syncjobs.dangling import dangling

RESUMES_WITHIN = 60.0
OTHER = "C-other"
# After these the caller knows that nothing happened there.
CERTAIN = frozenset({"429", "refused"})


def nothing_lost_or_doubled(plan: Plan, journal: Journal) -> None:
    """1: each record is there, once, and says what its source said last."""
    applied = [one for one in journal.of("write") if one["applied"]]
    created = Counter(one["ref"] for one in applied if one["mode"] == "create")
    expected = {**{ref: one.name for ref, one in plan.latest.items()}, OTHER: "Other's"}
    assert set(created) == set(expected), f"missing or foreign: {set(created) ^ set(expected)}"
    assert set(created.values()) == {1}, f"doubled: {created}"
    holds: dict[str, Any] = {one["ref"]: one["data"]["name"] for one in applied}
    assert holds == expected, f"not the latest: {holds}"


def unknown_is_asked_first(plan: Plan, journal: Journal) -> None:
    """2: after a create whose outcome nobody knows, the target or a person is asked."""
    last: dict[str, Line] = {}
    for line in journal.of("write", "look_up", "person"):
        before = last.get(line["ref"])
        last[line["ref"]] = line
        if line["op"] != "write" or line["mode"] != "create" or before is None:
            continue
        known = before["op"] in ("look_up", "person") or before["fault"] in CERTAIN
        same_key = plan.is_keyed and before.get("key") == line["key"]
        assert known or same_key, f"sent again without asking: {line} after {before}"


def work_resumes_soon() -> None:
    """3: whatever the dead had in hand is free within a minute, and somebody is rung for then."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM max(until) - statement_timestamp()) FROM ("
            "SELECT lease_until AS until FROM syncjobs_delivery UNION ALL "
            "SELECT lease_until FROM syncjobs_stream) AS leases"
        )
        (held,) = cursor.fetchone()
    assert (held or 0) <= RESUMES_WITHIN, f"a lease is held for {held:.0f} s more"
    assert due_in() <= RESUMES_WITHIN, f"nobody comes for {due_in():.0f} s"


def closed_rows() -> dict[int, tuple[Any, ...]]:
    """Return the deliveries that have ended, as they stand, by id."""
    found = Delivery.objects.filter(state__in=sorted(DELIVERY.closed)).values_list(
        "id", "record__key", "state", "attempts", "lease_no", "record_version", "outcome"
    )
    return {row[0]: row for row in found}


def nothing_is_written_late(before: dict[int, tuple[Any, ...]], wrote: list[Line]) -> None:
    """4: what another worker ended while this one was stopped, it writes neither there nor here.

    What it takes anew afterwards, under a lease of its own, it may write.
    """
    after = closed_rows()
    changed = [row for id_, row in before.items() if after.get(id_) != row]
    assert not changed, f"a worker past its lease changed {changed}"
    ended = {row[1] for row in before.values()}
    open_now = set(Delivery.objects.exclude(pk__in=before).values_list("record__key", flat=True))
    late = [one for one in wrote if one["ref"] in ended - open_now]
    assert not late, f"a worker past its lease wrote {late}"


def poison_is_parked(journal: Journal, ref: str) -> None:
    """5: what kills its worker is started three times, and waits for a person then."""
    deaths = len(journal.of("poison"))
    # A person who was asked about it before may have had it sent anew.
    rows = Delivery.objects.filter(record__key=ref)
    assert 1 <= deaths <= MAX_UNFINISHED_STARTS * rows.count(), f"{deaths} workers died of it"
    delivery = rows.latest("id")
    assert (delivery.state, delivery.unfinished_starts) == ("parked", MAX_UNFINISHED_STARTS)


def everybody_has_a_turn(wrote: list[Line]) -> None:
    """6: a turn of a worker that sent a client's records has begun the other client's, too."""
    waits = Delivery.objects.filter(record__key=OTHER, state="pending", attempts=0).exists()
    assert not (waits and wrote), f"{len(wrote)} calls, and none of the other client's"


def ledger_is_whole(plan: Plan, journal: Journal) -> None:
    """All deliveries have ended, each try is an attempt of its own, no message waits."""
    states = Counter(Delivery.objects.values_list("state", flat=True))
    assert set(states) <= DELIVERY.closed, states
    if plan.can_look_up:
        assert set(states) <= {"delivered", "unchanged"}, states
    numbers = Attempt.objects.values("delivery", "number").annotate(times=Count("pk"))
    assert not numbers.filter(times__gt=1).exists(), "an attempt was kept twice"
    # What a person has ended keeps what it had; all else was seen through.
    seen_through = Delivery.objects.exclude(state__in=("cancelled", "skipped"))
    assert not seen_through.filter(attempts__gt=0, unfinished_starts__gt=0).exists()
    assert not InboundEvent.objects.filter(state="received").exists()


def nothing_dangles() -> None:
    """Each id names a row, also where the database does not look (docs/decisions/0015)."""
    assert not (found := dangling()), f"ids that name no row: {found}"


def calls_are_kept(wrote: list[Line], kept_before: int) -> None:
    """What a worker that ended well asked of the target is in the ledger, call by call."""
    kept = Attempt.objects.filter(pk__gt=kept_before).count()
    assert kept >= len(wrote), f"{len(wrote)} calls, {kept} attempts"


def last_attempt() -> int:
    """Return the id of the newest attempt."""
    found = Attempt.objects.aggregate(last=Max("pk"))["last"]
    return int(found or 0)
