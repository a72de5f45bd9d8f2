"""Tally Revenue: evidence in, recognised revenue out."""

from syncjobs.connectors.declarative import RestConnector
from syncjobs.connectors.sandbox_revenue.descriptor import SYSTEM


class TallyRevenue(RestConnector):
    """Everything about it is in its descriptor."""

    system = SYSTEM
