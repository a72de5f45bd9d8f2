"""Mappings of one partner, and the people who change them."""

from collections.abc import Callable

import pytest

from governance.actors import Actor, command_actor
from governance.services.policies import ensure_default_policies
from mappings import catalogue, samples
from mappings.models import Mapping
from mappings.services.versions import ensure_mapping
from tenants.accounts.models import Client
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.at_home import at_home

__all__ = ["at_home"]

CUSTOMERS: dict[str, object] = {
    "rules": [
        {"id": "number", "target": "number", "source": "number", "required": True},
        {"id": "name", "target": "name", "source": "name", "steps": [{"do": "trim"}]},
        {"id": "city", "target": "city", "source": "address.city"},
    ]
}
SAMPLE: dict[str, object] = {
    "number": "C-1",
    "name": " Ada ",
    "address": {"city": "Ulm"},
    "terms": "N30",
    "amount": "12.50",
}


def with_rule(document: dict[str, object], **rule: object) -> dict[str, object]:
    """Return a document with one more rule, or another one under the same id."""
    rules = document["rules"]
    assert isinstance(rules, list)
    kept = [one for one in rules if one["id"] != rule["id"]]
    return {**document, "rules": [*kept, rule]}


def make(client: Client | None = None, **more: object) -> Mapping:
    """Make a live inbound mapping of customers."""
    values: dict[str, object] = {
        "slug": "crm-customers",
        "name": "Customers from the CRM",
        "direction": "inbound",
        "canonical": "customer",
        "connector": "crm",
        "object": "accounts",
        "document": CUSTOMERS,
        "client_id": client.pk if client else None,
        **more,
    }
    return ensure_mapping(command_actor("tests"), **values)  # type: ignore[arg-type]  # as named there


@pytest.fixture(autouse=True)
def _no_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """No stored records and no known fields, unless a test says so."""
    monkeypatch.setattr(samples, "_finders", [])
    monkeypatch.setattr(catalogue, "_catalogues", [])


@pytest.fixture
def customers(northwind: Partner) -> Mapping:
    """The partner's mapping of customers, live in version 1."""
    ensure_default_policies()
    return make()


@pytest.fixture
def bob(northwind: Partner, actor: Callable[[Person], Actor]) -> Actor:
    """The engineer: drafts and proposes."""
    return actor(actors.BOB)


@pytest.fixture
def carol(northwind: Partner, actor: Callable[[Person], Actor]) -> Actor:
    """The approver."""
    return actor(actors.CAROL)


@pytest.fixture
def alice(northwind: Partner, actor: Callable[[Person], Actor]) -> Actor:
    """The owner: drafts and signs, though never both."""
    return actor(actors.ALICE)
