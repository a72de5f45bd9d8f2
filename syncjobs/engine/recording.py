"""Records what came back while more is claimed and sent, in a session of its own."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Final

from syncjobs.engine.jobs import Outcome
from syncjobs.engine.own_session import can_be_seen, own_session

Record = Callable[[list[Outcome]], None]
_NAME: Final = "record"
# What came back waits for no more than so many before it; who brings more waits for the first.
_MOST_WAITING: Final = 2


@contextmanager
def recording(record: Record, *, beside: bool) -> Iterator[Record]:
    """Yield what records a batch, in the order in which they are given; at the end all are.

    `beside`: in a session of its own, if there is one and what is recorded is seen there; what it
    raised is raised by a later call, or at the end, and the batches after it are recorded all the
    same.
    """
    if not (beside and can_be_seen()):
        yield record
        return
    with own_session(_NAME) as session:
        if not session.opens():
            yield record
            return
        waiting: deque[Future[None]] = deque()

        def give(batch: list[Outcome]) -> None:
            if not batch:
                return
            waiting.append(session.begin(partial(record, batch)))
            if len(waiting) > _MOST_WAITING:
                waiting.popleft().result()

        yield give
        for one in waiting:
            one.result()
