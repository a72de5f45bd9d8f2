"""A system within the limits of its connection: nothing else goes through, whoever asks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

from syncjobs.connectors.base import Check, Connector, Page, Write, Written
from syncjobs.connectors.errors import ConnectorError, Permanent
from syncjobs.scope import Scope


class Scoped(Connector):
    """Passes on what the scope allows; the rest ends as Permanent before anything is sent."""

    def __init__(self, inner: Connector, scope: Scope) -> None:
        self._inner = inner
        self._scope = scope
        self.descriptor = inner.descriptor

    def close(self) -> None:
        """See `Connector`."""
        self._inner.close()

    def check(self) -> list[Check]:
        """See `Connector`."""
        return self._inner.check()

    def read(
        self,
        object: str,  # noqa: A002  the domain's word
        cursor: Mapping[str, object] | None,
        *,
        page_size: int = 200,
    ) -> Iterator[Page]:
        """See `Connector`."""
        if not self._scope.reads(object):
            _refuse("read from", object)
        return self._inner.read(object, cursor, page_size=page_size)

    def write(self, write: Write) -> Written:
        """See `Connector`."""
        self._require(write)
        return self._inner.write(write)

    def write_many(self, writes: Sequence[Write]) -> list[Written | ConnectorError]:
        """See `Connector`."""
        for write in writes:
            self._require(write)
        return self._inner.write_many(writes)

    def look_up(
        self,
        object: str,  # noqa: A002  the domain's word
        *,
        reference: str,
        idempotency_key: str,
    ) -> Written | None:
        """See `Connector`. Finding what a write left there stays possible."""
        return self._inner.look_up(object, reference=reference, idempotency_key=idempotency_key)

    def request_preview(self, write: Write) -> Mapping[str, object]:
        """See `Connector`."""
        return self._inner.request_preview(write)

    def _require(self, write: Write) -> None:
        if not self._scope.writes(write.object):
            _refuse("written to", write.object)


def _refuse(what: str, object_: str) -> NoReturn:
    raise Permanent(
        f"{object_} must not be {what} this system: its connection's scope leaves it out. "
        "Propose another scope on the connection's page, then try again."
    )
