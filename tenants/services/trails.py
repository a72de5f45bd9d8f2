"""Keeps a schema's audit trail sealed and anchored, and says when to come again."""

from datetime import timedelta

from governance.services.anchors import EVERY, anchor_trail
from governance.services.seals import seal_trail
from tenants import trail_marks
from tenants.services.outside import call_if_behind


def seal_here(*, anchor_every: timedelta = EVERY) -> int:
    """Seal what is new in the schema that is entered, anchor it when it is time; return how many.

    Raises SealingRefused, or OSError when the anchor's file can't be written. The mark says
    then still that there is something to seal.
    """
    upto = trail_marks.sequence_here()
    sealed = 0
    while True:
        done = seal_trail()
        sealed += done.entries
        if not done.more:
            break
    # Before the folder: that it is full or gone must not keep the other places waiting.
    call_if_behind()
    wait = anchor_trail(every=anchor_every)
    trail_marks.settle(upto, is_open=done.open, wait=None if wait is None else wait.total_seconds())
    return sealed
