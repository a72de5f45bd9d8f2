"""Several calls at once to one system, while the thread that asked records what came back.

Each sending thread takes the next call when it is done with the last; nobody waits for a slow
one. Outcomes are handed over in batches, so that recording costs little for each.
"""

import sys
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from threading import Condition, Thread
from typing import Final

from syncjobs.engine.jobs import Job, Outcome
from syncjobs.retry import OUTAGE, TRIP_AFTER

FLUSH_AFTER: Final = 100
FLUSH_SECONDS: Final = 0.5
# How long one thread computes while another has its answer: with Python's 5 ms, answers of a fast
# system wait for the thread that prepares and records.
SWITCH_SECONDS: Final = 0.0005
# The name of the threads that send: they have no database.
SENDING: Final = "send"
Call = Sequence[Job]
Follow = Callable[[float], Sequence[Call] | None]


class Brake:
    """Stops sending when going on would only do harm."""

    def __init__(self) -> None:
        self.pulled = False
        self._failures = 0
        self._delay = 0.0

    def watch(self, outcomes: Iterable[Outcome]) -> None:
        """Learn from outcomes: a refusal of the whole connection, a pause that it asks for, or
        enough failures in a row end the sending.
        """
        for outcome in outcomes:
            if outcome.error_class in OUTAGE:
                self._failures += outcome.called
            elif not outcome.error_class:
                self._failures = 0
            if outcome.error_class == "rate_limited":
                self._delay = max(self._delay, outcome.delay)
            # A system that asks for a pause of nothing wants the one call again, no pause.
            paused = outcome.error_class == "rate_limited" and outcome.delay > 0
            if outcome.error_class == "config" or paused or self._failures >= TRIP_AFTER:
                self.pulled = True

    def give_back(self, call: Call) -> list[Outcome]:
        """Return jobs that were not sent to the queue, as they were."""
        return give_back(call, delay=self._delay)


def give_back(jobs: Iterable[Job], *, delay: float) -> list[Outcome]:
    """Return what puts jobs that were not sent back into the queue, as they were."""
    return [Outcome(job, "give_back", delay=delay, verify=job.delivery.verify) for job in jobs]


class Sending:
    """Sends `calls`, in their order, `in_flight` at a time.

    `send` runs in the sending threads; it raises nothing but what is a fault of our own. After
    a fault, of `follow` too, what has come back is still handed over, and what was not sent is
    given back.
    `stop` is asked before each call: what was not sent then is given back. `follow` gives the
    calls to go on with, an empty list for an end, None where there are none yet; it is asked by
    the thread that takes the outcomes, when about half of the calls are under way, and may wait
    for some as many seconds as it is given.
    """

    def __init__(
        self,
        calls: Iterable[Call],
        send: Callable[[Call], list[Outcome]],
        *,
        in_flight: int,
        stop: Callable[[], bool],
        follow: Follow | None = None,
    ) -> None:
        self._waiting = deque(calls)
        self._send, self._stop, self._follow = send, stop, follow
        self._in_flight = max(1, min(in_flight, len(self._waiting)))
        self._enough = max(self._in_flight, len(self._waiting) // 2)
        self._brake = Brake()
        self._state = Condition()
        self._running = 0
        self._done: list[Outcome] = []
        self._fault: BaseException | None = None

    def batches(self) -> Iterator[list[Outcome]]:
        """Send; yield outcomes when there are enough of them or half a second has passed.

        Sending goes on while the caller works. Raises what `send` or `follow` raised, after the
        outcomes of the other calls.
        """
        threads = [Thread(target=self._work, name=SENDING) for _ in range(self._in_flight)]
        self._running = len(threads)
        patience = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            self._start(threads)
            ended = False
            while not ended:
                batch, ended = self._take()
                if self._runs_low() and not ended:
                    # What came back is recorded before anything is waited for.
                    self._feed(0 if batch else FLUSH_SECONDS)
                yield batch
        finally:
            self._brake.pulled = True
            with self._state:
                self._state.notify_all()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
            sys.setswitchinterval(patience)
        # A `CrashPoint` stands for the death of the process, which gives nothing back.
        if isinstance(self._fault, Exception | None):
            yield [outcome for call in self._waiting for outcome in self._brake.give_back(call)]
        if self._fault is not None:
            raise self._fault

    def end_with(self, fault: Exception) -> None:
        """Send nothing more; what is under way is still handed over, then this is raised."""
        with self._state:
            self._fault, self._follow = fault, None
            self._brake.pulled = True
            self._state.notify_all()

    def take_back(self, deliveries: Container[int]) -> list[Outcome]:
        """Take these deliveries out of what waits; return what puts them back into the queue."""
        gone: list[Job] = []
        with self._state:
            calls, self._waiting = self._waiting, deque()
            for call in calls:
                gone += [job for job in call if job.delivery.pk in deliveries]
                left = [job for job in call if job.delivery.pk not in deliveries]
                if left:
                    self._waiting.append(left)
        return give_back(gone, delay=0)

    def _start(self, threads: Sequence[Thread]) -> None:
        for number, thread in enumerate(threads):
            try:
                thread.start()
            except RuntimeError:  # the system has no room for more: those that run are enough
                with self._state:
                    self._running -= len(threads) - number
                if number == 0:
                    raise
                return

    def _take(self) -> tuple[list[Outcome], bool]:
        """Wait for a batch; return it, and whether it was the last."""
        with self._state:
            self._state.wait_for(
                lambda: len(self._done) >= FLUSH_AFTER or not self._running or self._runs_low(),
                FLUSH_SECONDS,
            )
            batch, self._done = self._done, []
            return batch, not self._running

    def _runs_low(self) -> bool:
        """Say whether more calls are to be asked for now."""
        is_open = self._follow is not None and not self._brake.pulled
        return is_open and len(self._waiting) < self._enough

    def _feed(self, patience: float) -> None:
        assert self._follow is not None
        try:
            calls = self._follow(patience)
        except Exception as error:  # told at the end
            self.end_with(error)
            return
        if calls is None:
            return
        with self._state:
            self._waiting.extend(calls)
            if not calls:
                self._follow = None
            self._state.notify_all()

    def _work(self) -> None:
        try:
            while (call := self._next()) is not None:
                outcomes = self._send(call)
                with self._state:
                    self._brake.watch(outcomes)
                    self._done += outcomes
                    if len(self._done) >= FLUSH_AFTER or self._runs_low():
                        self._state.notify_all()
        except BaseException as error:  # told to the thread that asked, which raises it
            with self._state:
                self._fault = error
                self._brake.pulled = True
        finally:
            with self._state:
                self._running -= 1
                self._state.notify_all()

    def _next(self) -> Call | None:
        with self._state:
            while not (self._brake.pulled or self._stop()):
                if self._waiting:
                    return self._waiting.popleft()
                if self._follow is None:
                    return None
                self._state.wait(FLUSH_SECONDS)
            return None
