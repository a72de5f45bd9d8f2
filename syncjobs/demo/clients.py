"""What the demo needs of a client's systems, sandbox or real."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from syncjobs.demo.money import Audit
from syncjobs.demo.wiring import Endpoint


@dataclass(frozen=True)
class OfficeWork:
    """What the client's own finance people did just now."""

    posted: int
    paid: Decimal


class ClientSystems(Protocol):
    """A client's running systems with the month in them."""

    @property
    def slug(self) -> str:
        """The firm."""

    @property
    def name(self) -> str:
        """What the firm is called."""

    @property
    def currency(self) -> str:
        """What it bills in."""

    @property
    def zone(self) -> str:
        """Where it is."""

    @property
    def overrides(self) -> Mapping[str, Mapping[str, object]]:
        """Blueprint → its extension points that this client fills in itself."""

    @property
    def blueprints(self) -> tuple[str, ...]:
        """Which workflows it gets."""

    @property
    def new_records(self) -> int:
        """How many records the story added just now."""

    def endpoints(self) -> dict[str, Endpoint]:
        """How the product reaches each role (crm, psa, erp); roles may share a system."""

    def require_alive(self) -> None:
        """Raise StartError or ServerError when one of the systems has ended."""

    def do_office_work(self) -> OfficeWork:
        """Let finance post this month's drafts and book payments."""

    def refuse_everything(self) -> None:
        """Let the billing system answer every call with an error."""

    def answer_again(self) -> None:
        """Let it work as before."""

    def audit(self) -> Audit:
        """Compare money on both sides."""
