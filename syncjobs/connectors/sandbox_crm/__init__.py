"""Clover CRM: accounts, contacts and opportunities."""

from syncjobs.connectors.declarative import RestConnector
from syncjobs.connectors.sandbox_crm.descriptor import SYSTEM


class CloverCrm(RestConnector):
    """Everything about it is in its descriptor."""

    system = SYSTEM
