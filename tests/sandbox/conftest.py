"""One fresh system of each kind, in memory, with a client."""

from collections.abc import Iterator

import pytest

from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.server import SandboxServer


def _client(kind: str) -> Iterator[SandboxClient]:
    with SandboxServer(kind) as server:
        client = SandboxClient(kind, server.address, server.token)
        yield client
        client.close()


@pytest.fixture
def crm() -> Iterator[SandboxClient]:
    yield from _client("crm")


@pytest.fixture
def psa() -> Iterator[SandboxClient]:
    yield from _client("psa")


@pytest.fixture
def erp() -> Iterator[SandboxClient]:
    yield from _client("erp")
