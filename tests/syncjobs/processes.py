"""Workers as processes of their own, on the test database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
WAIT = 60.0


def environment(**extra: str) -> dict[str, str]:
    """Return an environment in which the settings lead to the test database."""
    found = connection.settings_dict

    def url(user: str) -> str:
        return f"postgresql://{user}@:{found['PORT']}/{found['NAME']}?host={found['HOST']}"

    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": os.environ.get("TEST_DATABASE_URL") or url(str(found["USER"])),
        "LIVERY_OWNER_DATABASE_URL": url(str((settings.OWNER_DATABASE or found)["USER"])),
        **extra,
    }


def start_worker(schema: str, **extra: str) -> subprocess.Popen[bytes]:
    """Start a worker process; `LIVERY_CRASH` in `extra` arms a crash point."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.syncjobs.worker_process", schema],
        cwd=ROOT,
        env=environment(**extra),
    )


def until(condition: Callable[[], bool], what: str, seconds: float = WAIT) -> None:
    """Wait until a condition holds; fails saying what was waited for."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.05)


def is_stopped(pid: int) -> bool:
    """Say whether a process is stopped (SIGSTOP), from the kernel's own table."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "T"


def go_on(pid: int) -> None:
    """Let a stopped process run again."""
    os.kill(pid, signal.SIGCONT)
