"""What a person has called off after a worker claimed it."""

from collections.abc import Sequence
from typing import Final

from syncjobs.engine.rows import fetch
from syncjobs.state import RUN, UNUSABLE, WORKFLOW


def called_off(deliveries: Sequence[int]) -> set[int]:
    """Return which of these are not to be sent any more: their workflow is paused, their system
    switched off or refused, or their run given up."""
    params = {
        "ids": list(deliveries),
        "active": WORKFLOW.start,
        "unusable": sorted(UNUSABLE),
        "given_up": RUN.target("cancel"),
    }
    return {id_ for (id_,) in fetch(_CALLED_OFF, params)}


_CALLED_OFF: Final = """
    SELECT d.id FROM syncjobs_delivery d
    JOIN syncjobs_workflow w ON w.id = d.workflow_id
    JOIN syncjobs_connection c ON c.id = d.connection_id
    LEFT JOIN syncjobs_run r ON r.id = d.run_id
    WHERE d.id = ANY(%(ids)s::bigint[])
      AND (w.state <> %(active)s OR c.state = ANY(%(unusable)s::text[]) OR r.state = %(given_up)s)
"""
