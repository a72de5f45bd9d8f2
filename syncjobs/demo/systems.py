"""The clients' systems: sandbox processes with the story in them."""

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from syncjobs.demo.clients import OfficeWork
from syncjobs.demo.controls import audit_sandbox
from syncjobs.demo.controls_more import audit_more
from syncjobs.demo.money import ZERO, Audit, Control, total
from syncjobs.demo.setting import Setting
from syncjobs.demo.wiring import BLUEPRINTS, MORE_BLUEPRINTS, Endpoint, sandbox_endpoint
from syncjobs.sandbox.catalogue import CORE, KINDS, MORE
from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.process import SystemProcess, start_process
from syncjobs.sandbox.story import FIRMS, Expected, Firm, Month, build, expect, feed, office
from syncjobs.sandbox.story.expected import NEXT, NOW, REFUSED, WRONG
from syncjobs.sandbox.story.more import do_more_work, feed_more

# One firm of each partner has all kinds of systems.
FULLY_EQUIPPED = frozenset({"calder", "studio-linden"})


@dataclass
class FirmSystems:
    """One firm's running systems, with its month and what must come of it."""

    firm: Firm
    month: Month
    expected: Expected
    running: dict[str, SystemProcess]
    new_records: int = 0

    @property
    def blueprints(self) -> tuple[str, ...]:
        """See `ClientSystems`."""
        return BLUEPRINTS + MORE_BLUEPRINTS if self.has_more else BLUEPRINTS

    @property
    def has_more(self) -> bool:
        """Whether it has staffing, contract, revenue and support systems too."""
        return "revenue" in self.running

    @property
    def slug(self) -> str:
        """The firm."""
        return self.firm.slug

    @property
    def name(self) -> str:
        """What the firm is called."""
        return self.firm.name

    @property
    def currency(self) -> str:
        """What it bills in."""
        return self.firm.currency

    @property
    def zone(self) -> str:
        """Where it is."""
        return self.firm.zone

    @property
    def overrides(self) -> Mapping[str, Mapping[str, object]]:
        """See `ClientSystems`."""
        own = {"cut_off": self.firm.cut_off}
        time: Mapping[str, object] = own
        if self.month.rows_a_day:
            time = {**own, "agreed_rates": [agreed_rates(self.month)]}
        return {"time_to_billing": time, "expense_to_billing": own, "milestone_to_invoice": own}

    def endpoints(self) -> dict[str, Endpoint]:
        """See `ClientSystems`."""
        return {kind: sandbox_endpoint(system) for kind, system in self.running.items()}

    def require_alive(self) -> None:
        """See `ClientSystems`."""
        for system in self.running.values():
            system.require_alive()

    def do_office_work(self) -> OfficeWork:
        """See `ClientSystems`. A second time there is nothing left to post."""
        with self.clients() as clients:
            erp = clients["erp"]
            posted = office.post_drafts(erp, self.month)
            paid = office.receive_payments(erp, posted, self.month)
            if self.has_more:
                do_more_work(clients, self.month)
        return OfficeWork(len(posted), paid)

    def refuse_everything(self) -> None:
        """Let the ERP answer every call with an error."""
        with self.clients() as clients:
            clients["erp"].fault("status", status=503, count=10_000_000)

    def answer_again(self) -> None:
        """Let the ERP work as before."""
        with self.clients() as clients:
            clients["erp"].clear_faults()

    def audit(self) -> Audit:
        """See `ClientSystems`."""
        with self.clients() as clients:
            found = audit_sandbox(self.month, clients["crm"], clients["psa"], clients["erp"])
            if self.has_more:
                more = audit_more(clients)
                found = replace(found, controls=[*found.controls, *more])
        if self.story_holds(found.controls):
            return found
        return replace(found, faults=[*found.faults, "the source holds other amounts than told"])

    def feed(self) -> None:
        """Write the month into the systems; what is there already stays."""
        with self.clients() as clients:
            self.new_records = feed(clients["crm"], clients["psa"], clients["erp"], self.month)
            if self.has_more:
                more = {kind: clients[kind] for kind in MORE}
                self.new_records += feed_more(more, self.month)

    @contextmanager
    def clients(self) -> Iterator[dict[str, SandboxClient]]:
        """New connections to all of them, as the firm's own people."""
        found = {kind: self.client(kind) for kind in self.running}
        try:
            yield found
        finally:
            for one in found.values():
                one.close()

    def client(self, kind: str) -> SandboxClient:
        """A new connection to one of them, as the firm's own people."""
        return self.running[kind].client()

    def story_holds(self, controls: Sequence[Control]) -> bool:
        """Whether the source's money is what the story told; asked only right after it was fed.

        Later the firm's own people may have changed something.
        """
        if not self.new_records:
            return True
        told = {"time_entry": ZERO, "expense": ZERO, "milestone": ZERO}
        told["time_entry"] += self.expected.time(WRONG).amount
        for outcome in (NOW, NEXT, REFUSED):
            told["time_entry"] += self.expected.time(outcome).amount
            told["expense"] += self.expected.expenses(outcome).amount
        for held in (False, True):
            told["milestone"] += self.expected.milestones(held=held).amount
        found = dict.fromkeys(told, ZERO)
        for control in controls:
            if control.kind in found:
                found[control.kind] += total(control.source)
        return found == told

    def stop(self) -> None:
        """End the processes."""
        for system in self.running.values():
            system.stop()


def agreed_rates(month: Month) -> dict[str, object]:
    """The gate by which a client keeps mistyped rates off its invoices."""
    return {
        "name": "agreed_rate",
        "label": "Agreed rate",
        "require": [
            {
                "path": "rate",
                "op": "in",
                "values": sorted({str(one) for one in month.agreed_rates}),
                "missing": "agreed rate for time entry {key} (it says {value})",
            }
        ],
        "message": "An hour is billed at a rate that was agreed for somebody.",
        "alert": "finance",
    }


class SandboxSystems:
    """All firms' systems; a context manager that ends every process that it started."""

    def __init__(self, setting: Setting, slugs: Iterable[str]) -> None:
        self._setting = setting
        self._slugs = list(slugs)
        self.by_firm: dict[str, FirmSystems] = {}

    def __enter__(self) -> "SandboxSystems":
        try:
            with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
                for started in pool.map(self._start, self._slugs):
                    self.by_firm[started.firm.slug] = started
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _start(self, slug: str) -> FirmSystems:
        firm = FIRMS[slug]
        home: Path = self._setting.systems_home / slug
        kinds = KINDS if slug in FULLY_EQUIPPED else CORE
        running = {kind: start_process(kind, home) for kind in kinds}
        month = build(firm, self._setting.month, rows_a_day=self._setting.rows_a_day)
        systems = FirmSystems(firm, month, expect(month), running)
        self.by_firm[slug] = systems
        systems.feed()
        return systems

    def _stop(self) -> None:
        for systems in self.by_firm.values():
            try:
                systems.stop()
            except (OSError, subprocess.SubprocessError):
                continue  # one that is gone must not keep the others alive
