"""The main job on real Tryton 8.2 servers, as `make demo SYSTEMS=real ONCE=1` runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent
LIMIT_SECONDS = 900


@pytest.mark.systems
def test_the_invoices_in_tryton_equal_hours_times_rate_to_the_cent(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "demo", "--once", "--systems", "real"],
        cwd=PROJECT,
        env={**os.environ, "LIVERY_STATE_DIR": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    said = json.loads(done.stdout.strip().splitlines()[-1])
    assert said["control_totals_match"] is True
    assert said["clients"] >= 5
    assert said["delivered"] > 0
