"""The staffing system's API."""

from collections.abc import Callable, Mapping
from typing import Any

from syncjobs.sandbox.rest import RestSystem
from syncjobs.sandbox.staffing.kinds import KINDS


class Staffing(RestSystem):
    """`/v1/{people|assignments|requests}`; integrations ask for people, and read the rest."""

    name = "staffing"
    root = "/v1"
    kinds = KINDS
    prefixes = {"people": "per", "assignments": "asg", "requests": "req"}
    read_only = ("people", "assignments")

    def actions(self) -> Mapping[str, Callable[[dict[str, Any]], Any]]:
        """See `System.actions`."""
        return {
            **super().actions(),
            "substitute": self._substitute,
            "plan": self._plan,
            "staff": self._staff,
        }

    def _substitute(self, asked: dict[str, Any]) -> dict[str, str]:
        """Somebody else takes an assignment over."""
        changes = {"personNumber": str(asked["personNumber"])}
        return {"id": self.change_by("assignments", "number", str(asked["number"]), changes).id}

    def _staff(self, asked: dict[str, Any]) -> dict[str, str]:
        """A planner finds somebody for a request; the assignment goes under its number."""
        number = str(asked["number"])
        request = self.change_by("requests", "number", number, {"status": "filled"}).body
        same = ("projectCode", "role", "startDate", "endDate", "plannedHours", "billRate")
        made = {name: request[name] for name in (*same, "currency") if request.get(name)}
        kind = self.resources.kind("assignments")
        return {"id": self.resources.create(kind, {**made, **asked}, origin="control").id}

    def _plan(self, asked: dict[str, Any]) -> dict[str, str]:
        """A planner changes an assignment's job code or hours."""
        number = str(asked.pop("number"))
        return {"id": self.change_by("assignments", "number", number, asked).id}
