"""Pinion PSA: projects, people, assignments, time, expenses and milestones."""

from syncjobs.connectors.declarative import RestConnector
from syncjobs.connectors.sandbox_psa.descriptor import SYSTEM


class PinionPsa(RestConnector):
    """Everything about it is in its descriptor."""

    system = SYSTEM
