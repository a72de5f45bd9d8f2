"""The clients' systems: sandbox processes with the story in them."""

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from syncjobs.demo.clients import OfficeWork
from syncjobs.demo.controls import audit_sandbox
from syncjobs.demo.money import ZERO, Audit, Control, total
from syncjobs.demo.setting import Setting
from syncjobs.demo.wiring import BLUEPRINTS, Endpoint, sandbox_endpoint
from syncjobs.sandbox.catalogue import KINDS
from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.process import SystemProcess, start_process
from syncjobs.sandbox.story import FIRMS, Expected, Firm, Month, build, expect, feed, office
from syncjobs.sandbox.story.expected import NEXT, NOW, REFUSED


@dataclass
class FirmSystems:
    """One firm's CRM, PSA and ERP, running, with its month and what must come of it."""

    firm: Firm
    month: Month
    expected: Expected
    running: dict[str, SystemProcess]
    new_records: int = 0
    blueprints: tuple[str, ...] = BLUEPRINTS

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
        return {"time_to_billing": own, "milestone_to_invoice": own}

    def endpoints(self) -> dict[str, Endpoint]:
        """See `ClientSystems`."""
        return {kind: sandbox_endpoint(system) for kind, system in self.running.items()}

    def require_alive(self) -> None:
        """See `ClientSystems`."""
        for system in self.running.values():
            system.require_alive()

    def do_office_work(self) -> OfficeWork:
        """See `ClientSystems`. A second time there is nothing left to post."""
        erp = self.client("erp")
        try:
            posted = office.post_drafts(erp, self.month)
            return OfficeWork(len(posted), office.receive_payments(erp, posted, self.month))
        finally:
            erp.close()

    def audit(self) -> Audit:
        """See `ClientSystems`."""
        crm, psa, erp = (self.client(kind) for kind in KINDS)
        try:
            found = audit_sandbox(self.month, crm, psa, erp)
        finally:
            for one in (crm, psa, erp):
                one.close()
        if self.story_holds(found.controls):
            return found
        return replace(found, faults=[*found.faults, "the source holds other amounts than told"])

    def client(self, kind: str) -> SandboxClient:
        """A new connection to one of them, as the firm's own people."""
        return self.running[kind].client()

    def story_holds(self, controls: Sequence[Control]) -> bool:
        """Whether the source's money is what the story told; asked only right after it was fed.

        Later the firm's own people may have changed something.
        """
        if not self.new_records:
            return True
        told = {"time_entry": ZERO, "milestone": ZERO}
        for outcome in (NOW, NEXT, REFUSED):
            told["time_entry"] += self.expected.time(outcome).amount
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
        running = {kind: start_process(kind, home) for kind in KINDS}
        month = build(firm, self._setting.month)
        systems = FirmSystems(firm, month, expect(month), running)
        self.by_firm[slug] = systems
        clients = [systems.client(kind) for kind in KINDS]
        try:
            systems.new_records = feed(clients[0], clients[1], clients[2], month)
        finally:
            for client in clients:
                client.close()
        return systems

    def _stop(self) -> None:
        for systems in self.by_firm.values():
            try:
                systems.stop()
            except (OSError, subprocess.SubprocessError):
                continue  # one that is gone must not keep the others alive
