"""A server set up for real use, as docs/operations.md says, without any trial setting."""

import os
import re
import secrets
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.product import ROOT, free_port

pytestmark = pytest.mark.e2e

ZONE = "platform.example"
DOORS = {ZONE: "Livery", f"admin.north.{ZONE}": "North Ops", f"north.{ZONE}": "North Ops"}
START_SECONDS = 60.0


class Installation:
    """A state directory, the settings of real use, and a web process on loopback."""

    def __init__(self, home: Path) -> None:
        """Take a directory for the embedded database, keys of its own, and a free port."""
        self.port = free_port()
        self.env = {name: value for name, value in os.environ.items() if "LIVERY" not in name}
        self.env.pop("DATABASE_URL", None)
        self.env |= {
            "LIVERY_PRODUCTION": "1",
            "LIVERY_PROXIES": "1",
            "LIVERY_PLATFORM_DOMAIN": ZONE,
            "LIVERY_STATE_DIR": str(home),
            "LIVERY_MASTER_KEY": b64encode(secrets.token_bytes(32)).decode(),
            "LIVERY_SECRET_KEY": secrets.token_urlsafe(48),
        }

    def manage(self, *words: str) -> str:
        """Run a command of the installation; return what it says."""
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def get(self, host: str, path: str) -> requests.Response:
        """Ask as the proxy with TLS does."""
        return requests.get(
            f"http://127.0.0.1:{self.port}{path}",
            headers={"Host": host, "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"},
            timeout=20,
            allow_redirects=False,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Do what the document says, in its order, and serve."""
    made = Installation(tmp_path_factory.mktemp("real", numbered=False))
    made.manage("migrate")
    made.manage("collectstatic", "--noinput", "--verbosity", "0")
    made.manage(
        *("provision_partner", "--name", "North Ops", "--slug", "north"),
        *("--owner-email", "owner@north.example", "--owner-name", "Alice Moreau"),
    )
    program = [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn"]
    command = [*program, "--bind", f"127.0.0.1:{made.port}", "config.wsgi"]
    web = subprocess.Popen(command, cwd=ROOT, env=made.env)
    try:
        _wait(made, web)
        yield made
    finally:
        web.terminate()
        web.wait(timeout=30)
        made.manage("database", "stop")


def _wait(made: Installation, web: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if made.get(ZONE, "/healthz").status_code == 200:
                return
        except requests.ConnectionError:
            assert web.poll() is None, "the web process ended"
        assert time.monotonic() < deadline, "the web process does not answer"
        time.sleep(0.2)


@pytest.mark.parametrize("host", DOORS)
def test_each_door_opens_with_all_that_its_page_needs(installed: Installation, host: str) -> None:
    page = installed.get(host, "/sign-in/")
    assert page.status_code == 200
    assert DOORS[host] in page.text
    needed = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
    assert needed
    for path in needed:
        file = installed.get(host, path)
        assert file.status_code == 200, path
        assert "immutable" in file.headers["Cache-Control"], path


def test_what_is_not_there_is_a_page_of_the_door(installed: Installation) -> None:
    page = installed.get(f"north.{ZONE}", "/nowhere/")
    assert page.status_code == 404
    assert "North Ops" in page.text


def test_cookies_are_for_one_host_and_https_alone(installed: Installation) -> None:
    cookies = installed.get(f"north.{ZONE}", "/sign-in/").raw.headers.getlist("Set-Cookie")
    assert cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert "; Secure" in cookie


def test_a_host_of_nobody_is_told_nothing(installed: Installation) -> None:
    page = installed.get("other.example", "/sign-in/")
    assert page.status_code == 404
    assert "Livery" not in page.text


def test_the_doctor_finds_nothing_that_fails(installed: Installation) -> None:
    said = installed.manage("doctor")
    assert "collected in" in said
    assert "https under platform.example" in said
