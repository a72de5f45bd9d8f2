"""The systems as processes: state survives, ports are explained, nobody is left behind."""

import subprocess
import sys
from pathlib import Path

import pytest

from syncjobs.sandbox.process import start_process
from syncjobs.sandbox.server import PortTaken, SandboxServer

ROOT = Path(__file__).parents[2]


@pytest.mark.crash
def test_a_killed_system_resumes_with_all_that_it_answered(tmp_path: Path) -> None:
    first = start_process("crm", tmp_path)
    client = first.client()
    client.bulk(
        "accounts", [{"number": f"A-{n}", "name": "x", "currency": "GBP"} for n in range(30)]
    )
    client.close()
    first.kill()

    second = start_process("crm", tmp_path)
    try:
        client = second.client()
        numbers = [one["number"] for one in client.pages("accounts")]
        client.close()
    finally:
        second.stop()

    assert numbers == [f"A-{n}" for n in range(30)]
    assert second.address == first.address
    assert first.process.returncode != 0
    assert second.process.returncode == 0


@pytest.mark.crash
def test_a_system_on_a_leash_ends_when_its_owner_is_gone(tmp_path: Path) -> None:
    running = start_process("psa", tmp_path)
    assert running.process.stdin is not None

    running.process.stdin.close()

    assert running.process.wait(10) == 0


def test_a_taken_port_is_explained() -> None:
    with SandboxServer("crm") as server:
        port = int(server.address.rpartition(":")[2])

        with pytest.raises(PortTaken, match=f"Port {port} is taken"):
            SandboxServer("psa", port=port)
        command = [sys.executable, "-m", "syncjobs.sandbox", "erp", "--port", str(port)]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20
        )

    assert done.returncode == 1
    assert "Choose another with --port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_left_for_another_one_when_state_is_resumed(tmp_path: Path) -> None:
    first = start_process("crm", tmp_path)
    first.stop()
    port = int(first.address.rpartition(":")[2])

    with SandboxServer("psa", port=port):
        second = start_process("crm", tmp_path)
        second.stop()

    assert second.address != first.address


def test_the_systems_need_nothing_but_the_standard_library() -> None:
    program = (
        "import sys, syncjobs.sandbox.__main__, syncjobs.sandbox.story, syncjobs.sandbox.process;"
        "own = {n.partition('.')[0] for n in sys.modules} - set(sys.stdlib_module_names);"
        "print(sorted(n for n in own if not n.startswith('_')))"
    )

    done = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "['syncjobs']"
