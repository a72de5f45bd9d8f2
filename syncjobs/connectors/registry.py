"""The closed catalogue of connectors."""

from collections.abc import Mapping
from typing import Final

from syncjobs.connectors.base import Budget, Connector, Descriptor
from syncjobs.connectors.bucket import Bucket
from syncjobs.connectors.declarative import RestConnector
from syncjobs.connectors.descriptor import RestDescriptor
from syncjobs.connectors.files import Files
from syncjobs.connectors.hooks import Pushed, pushed_records
from syncjobs.connectors.sandbox_contracts import InkwellContracts
from syncjobs.connectors.sandbox_crm import CloverCrm
from syncjobs.connectors.sandbox_erp import LedgerlineErp
from syncjobs.connectors.sandbox_psa import PinionPsa
from syncjobs.connectors.sandbox_revenue import TallyRevenue
from syncjobs.connectors.sandbox_staffing import HarborStaffing
from syncjobs.connectors.sandbox_support import BeaconDesk
from syncjobs.connectors.sftp import Sftp
from syncjobs.connectors.tryton import Tryton

_Made = type[RestConnector] | type[Files] | type[Sftp] | type[Bucket]


class UnknownConnector(LookupError):
    """No connector has that key; the message names those that there are."""


class ConnectorType:
    """One entry of the catalogue; `open` makes a connector for one connection."""

    def __init__(self, made: _Made) -> None:
        self._made = made
        self._system: RestDescriptor | None = None
        if issubclass(made, RestConnector):
            self._system = made.system
            self.descriptor: Descriptor = made.system.public
        else:
            self.descriptor = made.descriptor

    def open(
        self,
        config: Mapping[str, object],
        secret: Mapping[str, object],
        *,
        budget: Budget | None = None,
    ) -> Connector:
        """Return an open connector; use it as a context manager. Sends nothing yet.

        Raises Config where a needed field is missing or the address is not one.
        """
        return self._made(config, secret, budget=budget)

    def pushed(self, body: object) -> list[Pushed]:
        """Return the records that a webhook of this system carries; none for other messages.

        Raises Permanent when one cannot be read.
        """
        return pushed_records(self._system, body) if self._system else []


_MADE: Final[tuple[_Made, ...]] = (
    CloverCrm,
    PinionPsa,
    LedgerlineErp,
    HarborStaffing,
    InkwellContracts,
    TallyRevenue,
    BeaconDesk,
    Tryton,
    Files,
    Sftp,
    Bucket,
)
_TYPES: Final[dict[str, ConnectorType]] = {
    one.descriptor.key: one for one in [ConnectorType(made) for made in _MADE]
}


def connector(key: str) -> ConnectorType:
    """Return the entry of that key; raises UnknownConnector."""
    try:
        return _TYPES[key]
    except KeyError:
        known = ", ".join(sorted(_TYPES))
        raise UnknownConnector(f"There is no connector {key!r}; there are {known}.") from None


def catalogue() -> list[Descriptor]:
    """Every connector's descriptor, by label."""
    return sorted((entry.descriptor for entry in _TYPES.values()), key=lambda d: d.label)
