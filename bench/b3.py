"""B3: everything but HTTP: processor time per record, and which parts it goes to.

The engine reads and writes as always; the system is a stand-in in this process that answers
with ready bytes. Decoding, mapping, storing, planning, claiming, recording and audit are real.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from bench.figures import Figure, at_most, reported
from bench.pair.comparing import middle, ready, surroundings
from bench.pair.connector import SYSTEM
from bench.pair.entries import PAGE, RECORDS, entry
from bench.pair.parts import Stopwatch
from bench.pair.workflow import Bench, Setting, Spent, bench
from governance.services import audit
from mappings.canonical.validation import Validator
from mappings.engine import CompiledMapping
from syncjobs import canonical_store
from syncjobs.connectors import codec
from syncjobs.connectors.base import Check, Connector, Page, Write, Written
from syncjobs.connectors.errors import ConnectorError
from syncjobs.connectors.reading import record_of
from syncjobs.engine import claim, deliver, entries, ledger, outgoing, plan, refs
from syncjobs.engine.systems import Systems
from syncjobs.intake import page as pages
from syncjobs.models import Connection

REACH_CPU: Final = 110
RUNS: Final = 3
LIMIT: Final = "the engine's own work in Python; the database's is told apart"


class StandIn(Connector):
    """Pages of ready bytes, decoded as a system's answers are; writes succeed at once."""

    def __init__(self, records: int) -> None:
        self.descriptor = SYSTEM.public
        self._spec = SYSTEM.find("times")
        self._bodies = [
            msgspec.json.encode([entry(n, n) for n in range(start, min(start + PAGE, records))])
            for start in range(0, records, PAGE)
        ]
        self.made: set[str] = set()

    def close(self) -> None:
        """Nothing is open."""

    def check(self) -> list[Check]:
        """It is always well."""
        return [Check("Reach", ok=True, message="Here.")]

    def read(
        self,
        object: str,  # noqa: A002  the domain's word
        cursor: Mapping[str, object] | None,
        *,
        page_size: int = 200,
    ) -> Iterator[Page]:
        """Yield the pages after the cursor."""
        begin = int(str(cursor["page"])) if cursor else 0
        for number in range(begin, len(self._bodies)):
            rows: Any = codec.decode(self._bodies[number])
            records = [record_of(SYSTEM, self._spec, row) for row in rows]
            last = number == len(self._bodies) - 1
            yield Page(records, {"page": number + 1}, last)

    def write(self, write: Write) -> Written:
        """Take it."""
        self.made.add(write.reference)
        return Written(f"line-{write.reference}", "", 201, {"body": dict(write.data)}, {"id": "x"})

    def write_many(self, writes: Sequence[Write]) -> list[Written | ConnectorError]:
        """Take them."""
        return [self.write(one) for one in writes]

    def look_up(
        self,
        object: str,  # noqa: A002  the domain's word
        *,
        reference: str,
        idempotency_key: str,
    ) -> Written | None:
        """Nothing was here before."""
        return None

    def request_preview(self, write: Write) -> Mapping[str, object]:
        """Show the body."""
        return {"body": dict(write.data)}


class _Here(Systems):
    """Opens the stand-in, whatever the connection."""

    def __init__(self, system: StandIn) -> None:
        super().__init__()
        self._system = system

    def open(self, connection: Connection) -> Connector:
        return self._system


def _run(made: Bench) -> Spent:
    system = StandIn(RECORDS)
    found = made.run(_Here(system))
    if len(system.made) != RECORDS or made.states() != {"delivered": RECORDS}:
        raise RuntimeError(f"{len(system.made)} of {RECORDS} were written: {made.states()}")
    return found


def measure() -> list[Figure]:
    """Measure some times whole, and once in parts (the stopwatch costs something, too).

    The processor time of one run differs by a fifth from the next, with what else uses the
    processors' caches.
    """
    watch = Stopwatch()
    with ready(0) as systems:
        whole: list[Spent] = []
        for _ in range(RUNS):
            # A batch in one call: no sending thread is waited for.
            with bench(systems, "bench-b3", Setting(object="batched")) as made:
                whole.append(_run(made))
        with bench(systems, "bench-b3", Setting(object="batched")) as made, watch.on(*_PARTS):
            _run(made)
    return [
        at_most(
            "b3.cpu",
            1e6 * middle(whole, lambda one: one.cpu) / RECORDS,
            "µs/record",
            REACH_CPU,
            LIMIT,
        ),
        reported(
            "b3.database_cpu",
            1e6 * middle(whole, lambda one: one.database) / RECORDS,
            "µs/record",
            "its sessions",
        ),
        *(
            reported(f"b3.{name}", 1e6 * seconds / RECORDS, "µs/record", "measured in parts")
            for name, seconds in sorted(watch.seconds.items(), key=lambda one: -one[1])
        ),
        *surroundings("b3"),
    ]


_PARTS: Final = (
    ("decode", codec, "decode"),
    ("map", CompiledMapping, "run"),
    ("validate", Validator, "faults"),
    ("fingerprint", canonical_store, "fingerprint"),
    ("fingerprint", outgoing, "fingerprint"),
    ("fingerprint", pages, "fingerprint"),
    ("reference", pages, "_write_refs"),
    ("reference", refs, "write"),
    ("audit", audit, "record_many"),
    ("attempts", entries, "_attempts"),
    ("ledger", ledger, "record"),
    ("intake", pages, "commit_page"),
    ("store", pages, "store"),
    ("plan", plan, "_plan_flow"),
    ("claim", claim, "claim"),
    ("prepare", deliver, "_prepare"),
)
