"""The demo as a user starts it: a first run that moves everything, a second that moves nothing."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from syncjobs.demo.serve import PortTakenError, require_free
from syncjobs.demo.setting import AlreadyRunningError, only_one

ROOT = Path(__file__).parents[2]
FIRST_RUN_SECONDS, LATER_SECONDS = 180, 40


def _demo(state: Path, *options: str) -> tuple[int, str, Mapping[str, Any]]:
    environment = {**os.environ, "LIVERY_STATE_DIR": str(state)}
    environment.pop("DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "manage.py", "demo", "--once", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    last = done.stdout.strip().splitlines()[-1:] or ["{}"]
    assert last[0].startswith("{"), done.stdout[-3000:] + done.stderr[-3000:]
    return done.returncode, done.stdout, json.loads(last[0])


@pytest.mark.systems
def test_the_first_run_moves_the_month_and_the_second_nothing(tmp_path: Path) -> None:
    code, text, first = _demo(tmp_path)

    assert (code, first["control_totals_match"]) == (0, True), text[-6000:]
    assert (first["partners"], first["clients"]) == (2, 4)
    assert first["records_read"] > 2000
    assert first["delivered"] > 900
    assert first["held"] > 0
    assert first["exceptions"] >= 8
    assert first["seconds"] < FIRST_RUN_SECONDS
    assert "signed amendment of contract CT-2233" in text
    assert "tax setting of customer AM-1071" in text
    assert "DIFFERENT" not in text

    code, text, second = _demo(tmp_path)

    assert (code, second["control_totals_match"]) == (0, True), text[-6000:]
    assert (second["delivered"], second["new_source_records"]) == (0, 0)
    assert (second["held"], second["exceptions"]) == (first["held"], first["exceptions"])
    assert second["seconds"] < LATER_SECONDS
    assert "Nothing new" in text


@pytest.mark.systems
def test_real_servers_end_with_invoices_that_match_to_the_cent(tmp_path: Path) -> None:
    code, text, found = _demo(tmp_path, "--systems", "real")

    assert (code, found["control_totals_match"]) == (0, True), text[-6000:]
    assert found["clients"] == 5
    assert "Vermeer Duyn Advisory" in text
    assert "equal: Invoiced, told to the projects" in text


def test_a_second_demo_on_the_same_state_is_refused(tmp_path: Path) -> None:
    with (
        only_one(tmp_path),
        pytest.raises(AlreadyRunningError, match="runs already"),
        only_one(tmp_path),
    ):
        pass


def test_a_taken_port_is_explained() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(PortTakenError, match=f"make demo PORT={port + 1}"):
            require_free(port)
