"""Starting `tests.tenants.starts` as this account or another."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tenants.postgres.machine_account import Account, can_read, run_as

ROOT = Path(__file__).resolve().parents[2]


def runs(account: Account | None, program: str) -> bool:
    """Whether the account may run a program: its path may lead through root's home."""
    try:
        return run_as(account, [program, "--version"]).returncode == 0
    except PermissionError:
        return False


def python_for(account: Account | None) -> str:
    """Return a Python of our version that the account can run, or skip the test saying so."""
    minor = f"python3.{sys.version_info.minor}"
    for program in (sys.executable, shutil.which(minor, path="/usr/bin:/usr/local/bin")):
        if program and runs(account, program):
            return program
    pytest.skip(f"{account and account.name} can run no {minor} on this machine")


def environment() -> dict[str, str]:
    """Return where that Python finds the project and its packages."""
    packages = sysconfig.get_paths()["purelib"]
    return {"PYTHONPATH": f"{ROOT}{os.pathsep}{packages}", "DJANGO_SETTINGS_MODULE": ""}


def start_as(account: Account | None, state_dir: Path) -> dict[str, Any]:
    """Start the server of `state_dir` in a process of `account`; return what it said."""
    if account is not None and not can_read(account, ROOT / "tenants"):
        pytest.skip(f"{account.name} may not read the checkout")
    command = [python_for(account), "-m", "tests.tenants.starts", str(state_dir)]
    done = run_as(account, command, extra=environment())
    assert done.stdout, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def start_many(state_dir: Path, count: int) -> list[dict[str, Any]]:
    """Start the same server in `count` processes at the same moment."""
    command = [sys.executable, "-m", "tests.tenants.starts", str(state_dir)]
    running = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment()},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    return [json.loads(process.communicate(timeout=120)[0]) for process in running]
