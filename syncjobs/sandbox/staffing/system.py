"""The staffing system's API."""

from collections.abc import Callable, Mapping
from typing import Any

from syncjobs.sandbox.rest import RestSystem
from syncjobs.sandbox.staffing.kinds import KINDS


class Staffing(RestSystem):
    """`/v1/{people|assignments}`; integrations only read it."""

    name = "staffing"
    root = "/v1"
    kinds = KINDS
    prefixes = {"people": "per", "assignments": "asg"}
    read_only = ("people", "assignments")

    def actions(self) -> Mapping[str, Callable[[dict[str, Any]], Any]]:
        """See `System.actions`."""
        return {**super().actions(), "substitute": self._substitute, "plan": self._plan}

    def _substitute(self, asked: dict[str, Any]) -> dict[str, str]:
        """Somebody else takes an assignment over."""
        changes = {"personNumber": str(asked["personNumber"])}
        return {"id": self.change_by("assignments", "number", str(asked["number"]), changes).id}

    def _plan(self, asked: dict[str, Any]) -> dict[str, str]:
        """A planner changes an assignment's job code or hours."""
        number = str(asked.pop("number"))
        return {"id": self.change_by("assignments", "number", number, asked).id}
