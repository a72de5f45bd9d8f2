"""Beacon Desk: support cases."""

from syncjobs.connectors.declarative import RestConnector
from syncjobs.connectors.sandbox_support.descriptor import SYSTEM


class BeaconDesk(RestConnector):
    """Everything about it is in its descriptor."""

    system = SYSTEM
