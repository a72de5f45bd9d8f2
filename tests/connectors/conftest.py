"""Sandbox systems in this process, and connectors opened on them."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from syncjobs.connectors.base import Connector
from syncjobs.connectors.registry import connector
from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.server import SandboxServer

TOKEN = "sandbox-token"


@pytest.fixture(autouse=True)
def _loopback_only(settings: LazySettings) -> None:
    """The sandbox systems are on loopback; nothing else private may be reached."""
    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8"]


def _client(kind: str) -> Iterator[SandboxClient]:
    with SandboxServer(kind, token=TOKEN) as server:
        client = SandboxClient(kind, server.address, TOKEN)
        yield client
        client.close()


@pytest.fixture
def crm() -> Iterator[SandboxClient]:
    """A fresh Clover CRM, seen by its own people."""
    yield from _client("crm")


@pytest.fixture
def psa() -> Iterator[SandboxClient]:
    """A fresh Pinion PSA."""
    yield from _client("psa")


@pytest.fixture
def erp() -> Iterator[SandboxClient]:
    """A fresh Ledgerline ERP."""
    yield from _client("erp")


@pytest.fixture
def clover(crm: SandboxClient) -> Iterator[Connector]:
    """The connector, open on the CRM."""
    secret = {"token": TOKEN}
    with connector("sandbox_crm").open({"base_url": crm.address}, secret) as opened:
        yield opened


@pytest.fixture
def pinion(psa: SandboxClient) -> Iterator[Connector]:
    """The connector, open on the PSA."""
    secret = {"api_key": TOKEN}
    with connector("sandbox_psa").open({"base_url": psa.address}, secret) as opened:
        yield opened


@pytest.fixture
def ledgerline(erp: SandboxClient) -> Iterator[Connector]:
    """The connector, open on the ERP."""
    config = {"base_url": erp.address, "client_id": "integration"}
    with connector("sandbox_erp").open(config, {"client_secret": TOKEN}) as opened:
        yield opened
