"""Whether a server lives, judged by its socket and its process, never by a file alone."""

import socket
from pathlib import Path

from tenants.postgres.layout import Layout

STATUS_LINE = 7
CONNECT_SECONDS = 2.0


def _pid_file(layout: Layout) -> list[str]:
    try:
        return (layout.data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(CONNECT_SECONDS)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def is_serving(layout: Layout) -> bool:
    """Whether a server takes connections now: past its recovery and not on its way down."""
    lines = _pid_file(layout)
    ready = len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready"
    return ready and _answers(layout.socket)


def _is_server_of(pid: int, data: Path) -> bool:
    """Whether process `pid` is a `postgres` that works in this data directory.

    The directory is compared as a file, not by name, so that a moved one is still known.
    In doubt (a process that may not be looked at) the answer is yes: taking a live
    server's files away would let two write the same data.
    """
    process = Path("/proc") / str(pid)
    try:
        if (process / "comm").read_text().strip() != "postgres":
            return False
        return (process / "cwd").samefile(data)
    except (FileNotFoundError, ProcessLookupError):
        return False
    except PermissionError:
        return True


def _pid_in(lines: list[str]) -> int | None:
    first = lines[0].strip() if lines else ""
    return int(first) if first.isdigit() else None


def live_pid(layout: Layout) -> int | None:
    """Return the id of the server's process, None when it does not live."""
    pid = _pid_in(_pid_file(layout))
    return pid if pid is not None and _is_server_of(pid, layout.data) else None


def clear_stale_files(layout: Layout) -> None:
    """Remove what a killed server left, only when no live one owns it.

    PostgreSQL itself refuses to start when the old process id is now another program's.
    """
    if live_pid(layout) is not None:
        return
    for path in (
        layout.data / "postmaster.pid",
        layout.socket,
        layout.socket.with_name(f"{layout.socket.name}.lock"),
    ):
        path.unlink(missing_ok=True)
