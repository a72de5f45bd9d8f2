"""The proxy's configuration that we ship."""

import os
import re
import shutil
import subprocess

import pytest
from django.conf import settings

from tenants import certificates

FILE = settings.BASE_DIR / "deploy" / "caddy" / "Caddyfile"


def test_it_asks_the_endpoint_that_there_is() -> None:
    assert f"ask {{$ASK:http://127.0.0.1:8000}}{certificates.PATH}\n" in FILE.read_text()


def test_it_passes_on_headers_that_make_the_endpoint_refuse() -> None:
    """What comes through the proxy bears at least one mark by which it is known."""
    sent = set(re.findall(r"header_up (X-[\w-]+)", FILE.read_text()))
    assert sent & set(certificates._PASSED_ON)


def test_it_takes_bodies_in_whole_before_a_thread_has_to_wait_for_them() -> None:
    assert "{$BODY_BUFFER:request_buffers 6MB}\n" in FILE.read_text()


@pytest.mark.skipif(shutil.which("caddy") is None, reason="caddy is not installed")
def test_caddy_takes_it() -> None:
    """As it stands, or with the older word for buffering, as the file says."""
    said = []
    for words in ({}, {"BODY_BUFFER": "buffer_requests"}):
        command = ["caddy", "validate", "--config", str(FILE), "--adapter", "caddyfile"]
        env = os.environ | words
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env=env
        )
        if done.returncode == 0:
            return
        said.append(done.stderr)
    pytest.fail("\n".join(said))
