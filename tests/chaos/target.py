"""A target with a ledger of its own, in a file that outlives whoever writes to it."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from syncjobs.connectors.base import (
    Check,
    Connector,
    Descriptor,
    ObjectInfo,
    Page,
    Write,
    Written,
)
from syncjobs.connectors.errors import ConnectorError, Permanent
from syncjobs.connectors.outcomes import Effect, from_exception, from_status
from tests.chaos.lives import Body
from tests.chaos.plan import Plan

Line = dict[str, Any]


class Journal:
    """What the target was asked and what it did, line by line; shared by processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()

    def add(self, **line: Any) -> None:
        """Append a line; it is there when this returns, whatever becomes of the process."""
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(handle, json.dumps(line).encode() + b"\n")
        finally:
            os.close(handle)

    def lines(self) -> list[Line]:
        """Return all that was written, oldest first."""
        return [json.loads(line) for line in self._path.read_text().splitlines()]

    def of(self, *kinds: str) -> list[Line]:
        """Return the lines of these kinds."""
        return [line for line in self.lines() if line["op"] in kinds]


@dataclass
class Target(Connector):
    """Takes creates and updates as its plan says: with faults, keys, or nothing but POST.

    `caller`: who calls, and dies of the record that is `poisonous`.
    """

    plan: Plan
    journal: Journal
    caller: Body
    poisonous: str = ""

    def __post_init__(self) -> None:
        can_ask = self.plan.can_look_up
        self.descriptor = Descriptor(
            key="chaos",
            label="Chaos",
            kind="erp",
            summary="",
            config_fields=(),
            secret_fields=(),
            objects=tuple(
                ObjectInfo(name=name, label=name, can_look_up=can_ask, batch=self.plan.batch)
                for name in ("things", "projects")
            ),
            writes_idempotent=self.plan.is_keyed,
        )

    def close(self) -> None:
        pass

    def check(self) -> list[Check]:
        return []

    def read(
        self,
        object: str,  # noqa: A002  the contract's word
        cursor: Mapping[str, object] | None,
        *,
        page_size: int = 200,
    ) -> Iterator[Page]:
        yield Page((), {}, last=True)

    def request_preview(self, write: Write) -> Mapping[str, object]:
        return {}

    def write(self, write: Write) -> Written:
        self._poison(write.reference)
        done = self.journal.of("write")
        fault = self.plan.faults.get(len(done), "")
        applied = fault in ("", "503_after", "drop_after")
        # A key that was seen is answered as the first time, without another effect.
        repeat = self.plan.is_keyed and any(
            one["key"] == write.idempotency_key and one["applied"] for one in done
        )
        id_ = write.external_id or _id_of(done, write.reference) if repeat else write.external_id
        id_ = id_ or str(1 + sum(one["applied"] and one["mode"] == "create" for one in done))
        self.journal.add(
            op="write",
            mode=write.mode,
            ref=write.reference,
            key=write.idempotency_key,
            id=id_,
            data=dict(write.data),
            fault=fault,
            applied=applied and not repeat,
        )
        if fault:
            raise self._error(fault, write)
        return Written(id_, "", 200, {"body": dict(write.data)}, {})

    def write_many(self, writes: Sequence[Write]) -> list[Written | ConnectorError]:
        found: list[Written | ConnectorError] = []
        for one in writes:
            try:
                found.append(self.write(one))
            except ConnectorError as error:
                found.append(error)
        return found

    def look_up(
        self,
        object: str,  # noqa: A002  the contract's word
        *,
        reference: str,
        idempotency_key: str,
    ) -> Written | None:
        if not self.plan.can_look_up:
            raise Permanent("This cannot be looked up.")
        self._poison(reference)
        self.journal.add(op="look_up", ref=reference)
        found = _id_of(self.journal.of("write"), reference)
        return Written(found, "", 200) if found else None

    def _poison(self, ref: str) -> None:
        self.caller.go_on()
        if ref == self.poisonous:
            self.journal.add(op="poison", ref=ref)
            self.caller.die()

    def _error(self, fault: str, write: Write) -> ConnectorError:
        """Return what the HTTP layer makes of such an answer to such a call."""
        effect = Effect.TWICE
        if self.plan.is_keyed:
            effect = Effect.KEYED
        elif write.mode == "update":
            effect = Effect.SAME
        if fault == "429":
            return from_status(429, {"Retry-After": "1"}, effect)
        if fault.startswith("503"):
            return from_status(503, {}, effect)
        if fault == "refused":
            return from_exception(requests.ConnectTimeout(), effect, "target")
        return from_exception(requests.ReadTimeout(), effect, "target")


def _id_of(writes: Sequence[Line], ref: str) -> str:
    made = (one for one in writes if one["ref"] == ref and one["applied"])
    return next((str(one["id"]) for one in made if one["mode"] == "create"), "")
