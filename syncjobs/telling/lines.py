"""Which message goes next: a line for each endpoint of a turn. No database, no network."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from syncjobs.models import Endpoint, Message
from syncjobs.telling.posting import Posted

MOST_ABREAST: Final = 8
MOST_OF_ONE: Final = 1_000
LOOK_SECONDS: Final = 0.25


@dataclass(slots=True, eq=False)
class Line:
    """What waits for one endpoint, and what is on its way there.

    It begins with one message and may have one more on its way after each that arrives, up to
    eight: an endpoint that takes nothing costs one attempt. The first failure ends it: `rest` says
    until when. `unsettled`: taken in hand, and not recorded yet. `looked`: when, by `monotonic`,
    more messages were last looked for.
    """

    endpoint: Endpoint
    waiting: deque[Message] = field(default_factory=deque)
    unsettled: set[int] = field(default_factory=set)
    flying: int = 0
    abreast: int = 1
    taken: int = 0
    rest: datetime | None = None
    looked: float = 0.0
    is_over: bool = False

    def wants_more(self, now: float) -> bool:
        """Say whether to look for more messages now: not all the time while the last are out."""
        is_time = not self.unsettled or now - self.looked > LOOK_SECONDS
        has_room = self.taken < MOST_OF_ONE and not self.waiting
        return has_room and is_time and not self.is_over

    @property
    def is_empty(self) -> bool:
        """Say whether nothing of it waits or is on its way, so that it can be let go."""
        return not self.unsettled and (self.is_over or not self.waiting)

    def add(self, messages: Iterable[Message], now: float) -> None:
        """Put messages at the end."""
        self.looked = now
        for message in messages:
            self.waiting.append(message)
            self.taken += 1

    def next(self) -> Message | None:
        """Take the message that may go now; None when there is none or enough are on their way."""
        if self.is_over or not self.waiting or self.flying >= self.abreast:
            return None
        message = self.waiting.popleft()
        self.flying += 1
        self.unsettled.add(message.pk)
        return message

    def came_back(self, posted: Posted, rest: datetime | None) -> None:
        """Learn from an attempt; `rest`: until when the endpoint rests if it failed."""
        self.flying -= 1
        if posted.is_good:
            self.abreast = min(MOST_ABREAST, self.abreast + 1)
        else:
            self.is_over = True
            self.rest = max(filter(None, (self.rest, rest)), default=None)
