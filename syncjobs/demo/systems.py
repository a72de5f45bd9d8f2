"""The clients' systems: sandbox processes with the story in them."""

import os
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from syncjobs.demo.setting import Setting
from syncjobs.sandbox.catalogue import KINDS
from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.process import SystemProcess, start_process
from syncjobs.sandbox.story import FIRMS, Expected, Firm, Month, build, expect, feed


@dataclass
class FirmSystems:
    """One firm's CRM, PSA and ERP, running, with its month and what must come of it."""

    firm: Firm
    month: Month
    expected: Expected
    running: dict[str, SystemProcess]
    new_records: int = 0

    def client(self, kind: str) -> SandboxClient:
        """A new connection to one of them, as the firm's own people."""
        return self.running[kind].client()

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
