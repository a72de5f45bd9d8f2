"""The product's own processes in the demo end with it, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import LazySettings

from syncjobs.demo.processes import Child, ProcessError
from tests.syncjobs.processes import until

PARENT = """
import sys, time, django
django.setup()
from syncjobs.demo.processes import Child
with Child("sleeper", [sys.executable, "-c", "import time; time.sleep(120)"], 1) as child:
    print(child._process.pid, flush=True)
    time.sleep(120)
"""


@pytest.mark.crash
def test_a_killed_demo_leaves_no_worker_behind(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LIVERY_STATE_DIR": str(tmp_path),
        },
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.send_signal(signal.SIGKILL)
    until(lambda: not is_running(child), "the end of the child")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("os.kill(os.getpid(), 9)", r"killed from outside \(signal 9\)"),
        ("sys.exit('The port is taken.')", "The port is taken"),
    ],
)
def test_a_child_that_has_ended_says_why_and_what_to_do(
    how: str, said: str, settings: LazySettings, tmp_path: Path
) -> None:
    settings.STATE_DIR = tmp_path
    with Child("sleeper", [sys.executable, "-c", f"import os, sys; {how}"], 1) as child:
        assert child._process is not None
        child._process.wait(30)
        with pytest.raises(ProcessError, match=rf"(?s){said}.*start again"):
            child.require_alive()


def is_running(pid: int) -> bool:
    """Say whether a process is there and not only waits to be taken note of."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
