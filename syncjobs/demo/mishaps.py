"""What goes wrong in a full month: a target that refuses, and workers that are killed.

Looked at each time somebody asks whether the workers are done: so it needs no thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from syncjobs.demo.clients import ClientSystems
from syncjobs.demo.processes import Child
from syncjobs.models import Delivery
from syncjobs.state import DELIVERY
from tenants.context import schema_scope

OUTAGE_SECONDS = 120.0
# After so many deliveries: a worker dies, the ERP refuses everything, a worker dies again.
FIRST_KILL, OUTAGE, SECOND_KILL = 400, 1_200, 3_000


@dataclass
class Mishaps:
    """The mishaps of one run; `seconds`: for how long the target refuses."""

    worker: Child
    target: ClientSystems
    schemas: Sequence[str]
    say: Callable[[str], None]
    seconds: float = OUTAGE_SECONDS
    kills: int = 0
    refused_for: float = 0.0
    _since: float | None = None
    _told: list[str] = field(default_factory=list)

    def look(self) -> None:
        """Let happen what is due by now."""
        done = sum(map(_delivered, self.schemas))
        if self.kills == 0 and done >= FIRST_KILL:
            self._kill()
        if self._since is None and done >= OUTAGE:
            self._refuse()
        if self._since and not self.refused_for and monotonic() > self._since + self.seconds:
            self.end()
        if self.kills == 1 and done >= SECOND_KILL:
            self._kill()

    @property
    def all_happened(self) -> bool:
        """Whether nothing is left to go wrong."""
        return self.kills == 2 and self.refused_for > 0

    def end(self) -> None:
        """Let the target answer again."""
        if self._since is None or self.refused_for:
            return
        self.target.answer_again()
        self.refused_for = monotonic() - self._since
        self._tell(f"{self.target.name}'s ERP answers again, after {self.refused_for:.0f} s")

    def told(self) -> list[str]:
        """Return what has happened, in the words of the report."""
        return list(self._told)

    def _kill(self) -> None:
        self.kills += 1
        self.worker.kill_and_start()
        self._tell(f"the worker was killed (SIGKILL), and another started: {self.kills} of 2")

    def _refuse(self) -> None:
        self._since = monotonic()
        self.target.refuse_everything()
        self._tell(f"{self.target.name}'s ERP refuses every call")

    def _tell(self, text: str) -> None:
        self._told.append(text)
        self.say(f"  {text}")


def _delivered(schema: str) -> int:
    with schema_scope(schema):
        return Delivery.objects.filter(state__in=sorted(DELIVERY.closed)).count()
