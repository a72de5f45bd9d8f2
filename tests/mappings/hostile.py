"""What the tests of hostile input share: documents in a few words, and what an answer may cost."""

import time
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

CPU_SECONDS = 1.5  # 50 ms on a quiet machine; tracing memory alone slows it down tenfold
PEAK_BYTES = 50_000_000

Rule = dict[str, object]


@contextmanager
def cheap() -> Iterator[None]:
    """What happens inside takes little time and memory, whatever else the machine does."""
    tracemalloc.start()
    started = time.process_time()
    try:
        yield
    finally:
        spent = time.process_time() - started
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert spent < CPU_SECONDS, f"{spent:.3f} s"
    assert peak < PEAK_BYTES, f"{peak:,} bytes"


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
