"""Faults that a test asks for: the next matching requests go wrong in a chosen way."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from syncjobs.sandbox.messages import Request

KINDS = {
    "status": "answers with an error status; nothing is done",
    "slow": "does the work, then waits `seconds` before it answers",
    "drop_before": "closes the connection; nothing is done",
    "drop_after_commit": "does the work, then closes the connection without an answer",
    "garbage": "does the work, then answers 200 with something that is not JSON",
}


@dataclass
class Fault:
    """One rule; it applies `count` times, after it let `skip` matching requests pass."""

    kind: str
    path: str = ""
    method: str = ""
    status: int = 503
    count: int = 1
    skip: int = 0
    seconds: float | Decimal = 2.0
    retry_after: float | Decimal | None = None

    def matches(self, request: Request) -> bool:
        """The path is a prefix; an empty one means every path of the vendor's API."""
        return request.path.startswith(self.path) and self.method in ("", request.method)


class Faults:
    """The rules of one system, shared by its threads."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, asked: Mapping[str, Any]) -> Fault:
        """Add a rule; ValueError says what is wrong with it."""
        unknown = sorted(set(asked) - set(Fault.__dataclass_fields__))
        if unknown:
            raise ValueError(f"a fault has no field {unknown[0]!r}")
        if asked.get("kind") not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        fault = Fault(**asked)
        with self._lock:
            self._rules.append(fault)
        return fault

    def clear(self) -> None:
        """Forget every rule."""
        with self._lock:
            self._rules.clear()

    def listed(self) -> list[dict[str, Any]]:
        """The rules that are left."""
        with self._lock:
            return [
                {
                    name: float(value) if isinstance(value, Decimal) else value
                    for name, value in asdict(rule).items()
                }
                for rule in self._rules
            ]

    def take(self, request: Request) -> Fault | None:
        """The fault that hits this request, counted down."""
        with self._lock:
            for rule in self._rules:
                if not rule.matches(request):
                    continue
                if rule.skip:
                    rule.skip -= 1
                    return None
                rule.count -= 1
                if rule.count <= 0:
                    self._rules.remove(rule)
                return rule
        return None
