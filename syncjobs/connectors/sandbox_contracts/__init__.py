"""Inkwell Contracts: agreements, amended and renewed."""

from syncjobs.connectors.declarative import RestConnector
from syncjobs.connectors.sandbox_contracts.descriptor import SYSTEM


class InkwellContracts(RestConnector):
    """Everything about it is in its descriptor."""

    system = SYSTEM
