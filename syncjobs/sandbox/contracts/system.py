"""The contract system's API."""

from collections.abc import Callable, Mapping
from typing import Any

from syncjobs.sandbox.contracts.kinds import KINDS
from syncjobs.sandbox.problems import not_found
from syncjobs.sandbox.rest import RestSystem


class Contracts(RestSystem):
    """`/v1/agreements`; integrations only read it."""

    name = "contracts"
    root = "/v1"
    kinds = KINDS
    prefixes = {"agreements": "agr"}
    read_only = ("agreements",)

    def actions(self) -> Mapping[str, Callable[[dict[str, Any]], Any]]:
        """See `System.actions`."""
        return {**super().actions(), "amend": self._amend, "renew": self._renew}

    def _amend(self, asked: dict[str, Any]) -> dict[str, int]:
        """Both sides have signed other terms."""
        return self._new_terms(str(asked.pop("number")), asked)

    def _renew(self, asked: dict[str, Any]) -> dict[str, int]:
        """The agreement goes on: a later end, and when the next renewal is due."""
        changes = {"agreedEnd": asked["until"], "renewedOn": asked["on"]}
        return self._new_terms(str(asked["number"]), {**changes, "renewalOn": asked["renewalOn"]})

    def _new_terms(self, number: str, changes: dict[str, Any]) -> dict[str, int]:
        known = self.store.find("agreements", "number", number)
        if known is None:
            raise not_found(f"The agreement {number}")
        version = int(known.body["termsVersion"]) + 1
        self.change_by("agreements", "number", number, {**changes, "termsVersion": version})
        return {"termsVersion": version}
