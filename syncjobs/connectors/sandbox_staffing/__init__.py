"""Harbor Staffing: people's availability, assignments, and requests for people."""

from syncjobs.connectors.declarative import RestConnector
from syncjobs.connectors.sandbox_staffing.descriptor import SYSTEM


class HarborStaffing(RestConnector):
    """Everything about it is in its descriptor."""

    system = SYSTEM
