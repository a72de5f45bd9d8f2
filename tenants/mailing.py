"""The way to mail, for every layer: `send` queues one, the layers above say how it is made.

Higher apps register at start-up: one courier, which renders a mail and hands it to a server;
preparers, which turn what is stored into what the template sees; and producers of daily mails.
"""

import logging
from collections.abc import Callable, Mapping

from tenants.outbox.models import OutgoingMail
from tenants.outbox.outcomes import Outcome
from tenants.outbox.services.queueing import queue_mail

logger = logging.getLogger(__name__)

Values = Mapping[str, object]
# Renders and hands over; must return within `tenants.outbox.services.sending.LEASE`.
Courier = Callable[[OutgoingMail, Values], Outcome]
# (mailbox, stored values) → values for the template, or None when the mail is pointless now.
Preparer = Callable[[str, Values], Values | None]
# Queues the mails that are due by the clock, each under a key of its own; called often.
Producer = Callable[[], None]

_couriers: list[Courier] = []
_preparers: dict[str, Preparer] = {}
_producers: list[Producer] = []


def register_courier(courier: Courier) -> None:
    """Let `courier` hand over every mail. One only."""
    if _couriers and _couriers[0] is not courier:
        raise RuntimeError("A mail courier is registered already.")
    _couriers[:] = [courier]


def register_preparer(kind: str, preparer: Preparer) -> None:
    """Let `preparer` fill in a kind of mail at the moment that it is sent."""
    if _preparers.setdefault(kind, preparer) is not preparer:
        raise RuntimeError(f"{kind} has a preparer already.")


def register_producer(producer: Producer) -> None:
    """Let `producer` queue mails in each partner's schema when their time has come."""
    if producer not in _producers:
        _producers.append(producer)


def send(to: str, kind: str, values: Values, *, key: str = "") -> bool:
    """Queue one mail in the caller's transaction; see `outbox.services.queueing.queue_mail`."""
    return queue_mail(to, kind, values, key=key)


def prepare(kind: str, to: str, values: Values) -> Values | None:
    """Return what the template of a stored mail sees; None when it is pointless now."""
    preparer = _preparers.get(kind)
    return values if preparer is None else preparer(to, values)


def hand_over(mail: OutgoingMail, values: Values) -> Outcome:
    """Render a mail and give it to a server."""
    if not _couriers:
        raise RuntimeError("No mail courier is registered.")
    return _couriers[0](mail, values)


def produce() -> None:
    """Let the producers queue what is due by the clock in this schema."""
    for producer in _producers:
        try:
            producer()
        except Exception:  # what is queued already must not wait for it
            logger.exception("A producer of mails failed")
