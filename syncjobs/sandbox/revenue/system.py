"""The revenue engine's API."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from syncjobs.sandbox.rest import RestSystem
from syncjobs.sandbox.revenue.kinds import KINDS, RECOGNITIONS
from syncjobs.sandbox.store import Selection

# Work is what earns revenue; an invoice only says that it was asked for.
_EARNS = ("time", "milestone")


class Revenue(RestSystem):
    """`/v1/evidence` to write, `/v1/recognitions` to read."""

    name = "revenue"
    root = "/v1"
    kinds = KINDS
    prefixes = {"evidence": "evd", "recognitions": "rev"}
    read_only = ("recognitions",)

    def actions(self) -> Mapping[str, Callable[[dict[str, Any]], Any]]:
        """See `System.actions`."""
        return {**super().actions(), "recognise": self._recognise}

    def _recognise(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Close a period: what its evidence has earned, per contract and obligation."""
        period = str(asked["period"])
        sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
        for one in self.store.select(Selection("evidence"), limit=1_000_000):
            body = one.body
            if body["kind"] in _EARNS and str(body["occurredOn"]).startswith(period):
                place = ("contractNumber", "obligation", "projectCode", "currency")
                sums[tuple(str(body.get(name) or "") for name in place)] += Decimal(body["amount"])
        made = 0
        for (contract, obligation, project, currency), amount in sorted(sums.items()):
            number = f"{contract}:{obligation or project}:{period}"
            row = {
                "number": number,
                "contractNumber": contract,
                "obligation": obligation,
                "projectCode": project,
                "period": period,
                "amount": str(amount),
                "currency": currency,
                "recognisedOn": asked["on"],
            }
            if self.store.find("recognitions", "number", number) is None:
                self.resources.create(RECOGNITIONS, row, origin="control")
                made += 1
        return {"recognised": made, "amount": str(sum(sums.values(), Decimal(0)))}
