"""The pair of servers that a demo needs: a source with the story in it, and an empty ERP."""

import contextlib
import datetime as dt
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from syncjobs.sandbox.tryton import daemon, install, seed, story

ROLES = ("source", "erp")


def start_pair(
    directory: Path,
    *,
    port: int = 0,
    month: dt.date | None = None,
    venv: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, dict[str, Any]]:
    """Install, prepare and start both servers; return their facts by role.

    `port` is the source's, the ERP takes the next one; 0 picks the ones that they had before,
    or free ones. Servers that run already are reused with the ports that they have. `month` is
    the first day of the month that is told, the previous one by default.
    """
    directory = directory.resolve()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    today = dt.datetime.now(dt.UTC).date()
    say("Installing Tryton from the package registry")
    bin_dir = install.ensure_venv(venv or directory / "venv")
    say("Preparing an empty database")
    template = directory / f"template-{install.MARK}"
    daemon.ensure_template(template, bin_dir)
    facts: dict[str, dict[str, Any]] = {}
    ports = _ports(directory) if port == 0 else (port, port + 1)
    for role, role_port in zip(ROLES, ports, strict=True):
        say(f"Starting the {role} server")
        facts[role] = daemon.start(
            directory / role,
            template=template,
            bin_dir=bin_dir,
            port=role_port,
            firm=story.FIRM,
            today=today,
        )
    say("Writing the month into the source")
    facts["source"]["new_records"] = seed.seed_source(facts["source"], story.previous_month(today))
    seed.seed_countries(seed.open_rest(facts["erp"]))
    return facts


def stop_pair(directory: Path) -> list[str]:
    """End what `start_pair` started there; return the roles that were running."""
    directory = directory.resolve()
    return [role for role in ROLES if daemon.stop(directory / role)]


def public_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts without the key, for a terminal."""
    return {name: value for name, value in facts.items() if name != "api_key"}


def _ports(directory: Path) -> tuple[int, int]:
    with contextlib.ExitStack() as stack:
        source, erp = (_claim(stack, daemon.last_port(directory / role)) for role in ROLES)
        return source, erp


def _claim(stack: contextlib.ExitStack, wanted: int) -> int:
    """The wanted port if it can be had, else a free one; kept until the stack ends."""
    probe = stack.enter_context(socket.socket())
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((daemon.HOST, wanted))
    except OSError:
        probe.bind((daemon.HOST, 0))
    return int(probe.getsockname()[1])
