"""What the tests of hostile input share: documents in a few words, and what an answer may cost."""

import time
import tracemalloc
from collections.abc import Callable, Mapping
from typing import TypeVar

# A guard against what does not end, not a measure: that is `make bench ONLY=hostile`.
CPU_SECONDS = 2.0
PEAK_BYTES = 50_000_000
T = TypeVar("T")
E = TypeVar("E", bound=Exception)

Rule = dict[str, object]


def cheaply(work: Callable[[], T]) -> T:
    """Return what `work` gives, after it ended by itself and was small.

    Processor time, so that another program's work does not count. Memory is looked at in a
    run of its own, since that makes everything slow.
    """
    started = time.process_time()
    result = work()
    spent = time.process_time() - started
    assert spent < CPU_SECONDS, f"{spent:.3f} s"
    tracemalloc.start()
    try:
        work()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < PEAK_BYTES, f"{peak:,} bytes"
    return result


def refusal(work: Callable[[], object], kind: type[E]) -> E:
    """Return the error of `kind` that `work` ends in, after it ended by itself and was small."""

    def refused() -> E:
        try:
            work()
        except kind as error:
            return error
        raise AssertionError("nothing was refused")

    return cheaply(refused)


def rule(**parts: object) -> Rule:
    """Return a rule r that fills t."""
    return {"id": "r", "target": "t", **parts}


def document(*rules: Mapping[str, object], **more: object) -> dict[str, object]:
    """Return a document of these rules."""
    return {"rules": list(rules), **more}


def stepped(*steps: Mapping[str, object]) -> dict[str, object]:
    """Return a document whose one rule takes a and these steps."""
    return document(rule(source="a", steps=list(steps)))


def members(*rules: Mapping[str, object]) -> Rule:
    """Return a rule over the list a with these rules for its members."""
    return rule(for_each="a", rules=list(rules))


def deep(depth: int) -> dict[str, object]:
    """Return an object in an object in an object …"""
    made: dict[str, object] = {}
    for _ in range(depth):
        made = {"a": made}
    return made
