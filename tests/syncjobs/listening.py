"""Programs that hear of things, for tests: who adds an endpoint, what it is told."""

import json
from collections.abc import Callable, Iterator

import pytest
from django.conf import LazySettings

from governance.actors import Actor
from syncjobs.models import Endpoint, Message
from syncjobs.services import endpoints
from syncjobs.telling import kinds
from syncjobs.telling.tell import tell
from tenants.accounts.models import Client
from tests import actors
from tests.actors import Person
from tests.fakes.hearer import Hearer, hearer


@pytest.fixture
def listener(settings: LazySettings) -> Iterator[Hearer]:
    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    with hearer() as made:
        yield made


@pytest.fixture
def alice(actor: Callable[[Person], Actor]) -> Actor:
    return actor(actors.ALICE)


@pytest.fixture
def grace(actor: Callable[[Person], Actor]) -> Actor:
    return actor(actors.GRACE)


def add(who: Actor, url: str, *listens: str, client: Client | None = None) -> tuple[Endpoint, str]:
    return endpoints.add_endpoint(
        who, name="Ours", url=url, listens=listens or kinds.KINDS, client=client
    )


def lead(endpoint: Endpoint, url: str) -> None:
    """Let an endpoint be one that was added when any address was taken."""
    Endpoint.objects.filter(pk=endpoint.pk).update(url=url)


def told(kind: str = "run.failed", client: int | None = None, number: int = 1) -> None:
    tell(kind, [(client, {"run": {"id": number}})])


def bodies() -> list[dict[str, object]]:
    return [json.loads(one.body) for one in Message.objects.order_by("pk")]
