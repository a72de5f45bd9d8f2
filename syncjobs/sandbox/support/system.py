"""The support system's API."""

from collections.abc import Callable, Mapping
from typing import Any

from syncjobs.sandbox.rest import RestSystem
from syncjobs.sandbox.support.kinds import KINDS


class Support(RestSystem):
    """`/v1/cases`; integrations only read it."""

    name = "support"
    root = "/v1"
    kinds = KINDS
    prefixes = {"cases": "case"}
    read_only = ("cases",)

    def actions(self) -> Mapping[str, Callable[[dict[str, Any]], Any]]:
        """See `System.actions`."""
        return {
            **super().actions(),
            "escalate": lambda asked: self._set(asked, "escalated"),
            "resolve": lambda asked: self._set(asked, "resolved"),
        }

    def _set(self, asked: dict[str, Any], status: str) -> dict[str, str]:
        number = str(asked["number"])
        return {"id": self.change_by("cases", "number", number, {"status": status}).id}
