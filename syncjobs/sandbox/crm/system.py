"""The CRM's API."""

from collections.abc import Callable, Mapping
from typing import Any

from syncjobs.sandbox.crm.kinds import KINDS
from syncjobs.sandbox.rest import RestSystem


class Crm(RestSystem):
    """`/v2/{accounts|contacts|opportunities|notes|tasks}` behind a bearer token."""

    name = "crm"
    root = "/v2"
    kinds = KINDS
    prefixes = {
        "accounts": "acc",
        "contacts": "con",
        "opportunities": "opp",
        "notes": "note",
        "tasks": "task",
    }

    def actions(self) -> Mapping[str, Callable[[dict[str, Any]], Any]]:
        """See `System.actions`."""
        return {**super().actions(), "win": self._win}

    def _win(self, asked: dict[str, Any]) -> dict[str, str]:
        won = self.change_by("opportunities", "number", str(asked["number"]), {"stage": "won"})
        return {"id": won.id}
