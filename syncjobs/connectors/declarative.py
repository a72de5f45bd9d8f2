"""A connector made from a `RestDescriptor`. A vendor with habits of its own extends it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

from syncjobs.connectors.base import (
    MODES,
    Budget,
    Check,
    Connector,
    Descriptor,
    Page,
    SourceRecord,
    Write,
    Written,
)
from syncjobs.connectors.batches import write_batch
from syncjobs.connectors.calls import Call, Caller, Reply
from syncjobs.connectors.checking import check_connection
from syncjobs.connectors.codec import text_at
from syncjobs.connectors.descriptor import ObjectSpec, Operation, RestDescriptor
from syncjobs.connectors.errors import Config, Conflict, ConnectorError, Permanent, Unknown
from syncjobs.connectors.http import HttpClient
from syncjobs.connectors.outcomes import Effect
from syncjobs.connectors.paging import find_rows
from syncjobs.connectors.reading import plain, read_pages, record_of

KEY_HEADER: Final = "Idempotency-Key"
_GONE: Final = (404, 410)  # what was to be removed is not there: that is what was wanted


class RestConnector(Connector):
    """See `Connector`; every rule about the system itself stands in its descriptor."""

    system: ClassVar[RestDescriptor]

    def __init__(
        self,
        config: Mapping[str, object],
        secret: Mapping[str, object],
        *,
        budget: Budget | None = None,
        http: HttpClient | None = None,
    ) -> None:
        self.descriptor: Descriptor = self.system.public
        self._http = http or HttpClient(budget=budget)
        try:
            headers = self.own_headers(config)
            self.caller = Caller(self.system, config, secret, self._http, headers)
        except ConnectorError:
            self._http.close()
            raise

    # --- what a vendor may say otherwise ---------------------------------------------
    def own_headers(self, config: Mapping[str, object]) -> Mapping[str, str]:
        """Headers that each call carries beside the sign-in."""
        return {}

    def body_for(self, spec: ObjectSpec, operation: Operation, write: Write) -> object:
        """The JSON body of a write, `reference` already in its place."""
        data = dict(write.data)
        if operation.reference and write.reference and not data.get(operation.reference):
            data[operation.reference] = write.reference
        return data

    # --- the contract ----------------------------------------------------------------
    def close(self) -> None:
        self._http.close()

    def check(self) -> list[Check]:
        return check_connection(self.caller, self.system)

    def read(
        self,
        object: str,  # noqa: A002  the domain's word
        cursor: Mapping[str, object] | None,
        *,
        page_size: int = 200,
    ) -> Iterator[Page]:
        spec = self._spec(object)
        if not spec.readable:
            raise Config(f"{spec.label} cannot be read from {self.descriptor.label}.")
        return read_pages(self.caller, self.system, spec, cursor, page_size)

    def write(self, write: Write) -> Written:
        spec = self._spec(write.object)
        if write.mode != "upsert":
            return self._send(spec, write)
        known = self._known_id(spec, write)
        if known is not None:
            return self._send(spec, _as(write, "update", known))
        try:
            return self._send(spec, _as(write, "create", None))
        except Conflict:
            # Somebody made it between our look and our write.
            found = self._find(spec, write.reference)
            if found is None:
                raise
            return self._send(spec, _as(write, "update", found.external_id))

    def write_many(self, writes: Sequence[Write]) -> list[Written | ConnectorError]:
        spec = self._spec(writes[0].object)
        if spec.batch is None or len(writes) > spec.batch.most:
            raise Config(f"{self.descriptor.label} takes no {len(writes)} {spec.label} at once.")
        return write_batch(self, spec, spec.batch, writes)

    def look_up(
        self,
        object: str,  # noqa: A002  the domain's word
        *,
        reference: str,
        idempotency_key: str,
    ) -> Written | None:
        return self._find(self._spec(object), reference)

    def request_preview(self, write: Write) -> Mapping[str, object]:
        spec = self._spec(write.object)
        if write.mode == "upsert":
            known = self._known_id(spec, write)
            write = _as(write, "update" if known else "create", known)
        operation = self._operation(spec, write)
        return self.shown(self._call(spec, operation, write), write)

    # --- how -------------------------------------------------------------------------
    def _spec(self, name: str) -> ObjectSpec:
        try:
            return self.system.find(name)
        except KeyError:
            raise Config(f"{self.descriptor.label} has no object {name!r}.") from None

    def _known_id(self, spec: ObjectSpec, write: Write) -> str | None:
        if write.external_id:
            return write.external_id
        found = self._find(spec, write.reference)
        return found.external_id if found else None

    def _find(self, spec: ObjectSpec, reference: str) -> Written | None:
        if not spec.look_up or not reference:
            raise Permanent(f"{spec.label} cannot be looked up by a reference.")
        for field in spec.look_up:
            rows = find_rows(self.caller, self.system, spec, field, reference)
            records = [record_of(self.system, spec, row) for row in rows]
            records = [record for record in records if not record.deleted]
            if records:
                return self._only(spec, records, reference)
        return None

    def _only(self, spec: ObjectSpec, records: list[SourceRecord], reference: str) -> Written:
        if len(records) > 1:
            ids = [record.id for record in records]
            raise Conflict(
                f"{spec.label}: more than one record carries the reference {reference}.",
                detail={"ids": ids},
            )
        found = records[0]
        answer = self.caller.scrub.answer(found.data)
        return Written(found.id, found.version, 200, {"look_up": reference}, answer)

    def _operation(self, spec: ObjectSpec, write: Write) -> Operation:
        if write.mode not in MODES:
            raise Config(f"The write mode {write.mode!r} is unknown.")
        found = {"create": spec.create, "update": spec.update}.get(write.mode)
        if write.mode == "action":
            found = spec.actions.get(write.action)
        if found is None:
            what = write.action if write.mode == "action" else write.mode
            raise Config(f"{self.descriptor.label} cannot {what} {spec.label}.")
        if "{id}" in found.path and not write.external_id:
            raise Permanent(f"{spec.label}: there is no record yet to {write.action or 'update'}.")
        return found

    def _call(self, spec: ObjectSpec, operation: Operation, write: Write) -> Call:
        headers: dict[str, str] = {}
        if operation.keyed and write.idempotency_key:
            headers[KEY_HEADER] = _key(write)
        if operation.guard == "if_match" and write.version:
            headers["If-Match"] = write.version
        deletes = operation.method == "DELETE"
        asked = [] if deletes else self.system.dialect.query((), fields=spec.fields, order=())
        return Call(
            method=operation.method,
            path=self.caller.path(operation.path, write.external_id),
            params=[*operation.params, *asked],
            headers=headers,
            body=None if deletes else self.body_for(spec, operation, write),
            effect=_effect(operation, headers),
            accept=_GONE if deletes else (),
        )

    def _send(self, spec: ObjectSpec, write: Write) -> Written:
        operation = self._operation(spec, write)
        call = self._call(spec, operation, write)
        if operation.guard == "compare" and write.version:
            self._compare(spec, operation, write)
        try:
            reply = self.caller.send(call)
        except ConnectorError as error:
            error.detail.setdefault("request", self.shown(call, write))
            raise
        return self.written(spec, write, call, reply)

    def _compare(self, spec: ObjectSpec, operation: Operation, write: Write) -> None:
        """Refuse a write over a change that we have not seen, where the system would not."""
        path = self.caller.path(operation.path, write.external_id)
        params = self.system.dialect.query((), fields=(spec.version,), order=())
        reply = self.caller.send(Call(method="GET", path=path, params=params))
        now = text_at(plain(self.system, reply.data), spec.version)
        if now != write.version:
            raise Conflict(
                f"{spec.label}: {write.external_id} has changed since it was last read.",
                detail={"expected": write.version, "found": now},
            )

    def written(self, spec: ObjectSpec, write: Write, call: Call, reply: Reply) -> Written:
        """Read what a good answer says of the record; Unknown where it names none."""
        data = plain(self.system, reply.data)
        record_id = text_at(data, spec.id) or write.external_id or ""
        if not record_id:
            raise Unknown(
                "The system accepted the write but did not say under which id.",
                status=reply.status,
                detail={"request": self.shown(call, write)},
            )
        version = text_at(data, spec.version) or reply.headers.get("ETag", "").replace("\0", "")
        return Written(
            external_id=record_id,
            version=version,
            status=reply.status,
            request=self.shown(call, write),
            answer=self.caller.scrub.answer(data),
        )

    def shown(self, call: Call, write: Write) -> dict[str, object]:
        """The request as it is stored and shown: without secrets."""
        shown: dict[str, object] = {
            "method": call.method,
            "path": self.caller.shown_path(call.path),
            "headers": dict(call.headers or {}),
            "body": call.body,
        }
        return self.caller.scrub.data(shown)


def _key(write: Write) -> str:
    """A key stands for one call: what a create has used up, an update may not use again."""
    if write.mode == "create":
        return write.idempotency_key
    return f"{write.idempotency_key}:{write.action or write.mode}"


def _effect(operation: Operation, headers: Mapping[str, str]) -> Effect:
    if KEY_HEADER in headers:
        return Effect.KEYED
    if operation.method in {"PUT", "PATCH", "DELETE"} and "If-Match" not in headers:
        return Effect.SAME
    return Effect.TWICE


def _as(write: Write, mode: str, external_id: str | None) -> Write:
    return Write(
        object=write.object,
        mode=mode,
        data=write.data,
        external_id=external_id,
        reference=write.reference,
        idempotency_key=write.idempotency_key,
        version=write.version if mode == "update" else "",
    )
