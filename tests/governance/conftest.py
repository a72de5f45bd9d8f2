"""A governed kind for the tests: the currency of a client, which touches money."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from django.db import connection
from django_tenants.utils import tenant_context

from governance import appliers
from governance.actors import Actor, command_actor
from governance.appliers import Applier, DiffLine, Risk
from governance.models import Change, ChangeRequest
from governance.services import changes
from governance.services.policies import ensure_default_policies
from tenants.accounts.actors import actor_for
from tenants.accounts.models import Client, User
from tenants.accounts.services.clients import add_client
from tenants.accounts.services.people import add_person
from tenants.models import Domain, Partner, Wakeup
from tenants.postgres import roles
from tenants.services.provisioning import provision_partner
from tests import actors
from tests.actors import Person

KIND = "client_currency"
MAPPING = "mapping_version"  # the kind that the starting policies single out


@dataclass
class Knob:
    """What the applier of the test does beside its work."""

    after_write: Callable[[], None] = field(default=lambda: None)


def _currency(target_id: str) -> str:
    return Client.objects.get(pk=int(target_id)).currency


def _set_currency(change: Change, knob: Knob) -> Mapping[str, object]:
    Client.objects.filter(pk=int(change.target_id)).update(currency=change.content["currency"])
    knob.after_write()
    return {"currency": change.content["currency"]}


def _applier(kind: str, knob: Knob) -> Applier:
    return Applier(
        kind=kind,
        label="Currency of a client",
        apply=lambda change, actor: _set_currency(change, knob),
        diff=lambda change: [
            DiffLine("-", f"currency: {_currency(change.target_id)}"),
            DiffLine("+", f"currency: {change.content['currency']}"),
        ],
        risk=lambda change: Risk(
            touches_money=bool(change.content.get("money")), notes=("It alters an amount.",)
        ),
        base_version=_currency,
        snapshot=lambda target_id: {"currency": _currency(target_id)},
    )


@pytest.fixture
def governed(monkeypatch: pytest.MonkeyPatch) -> Knob:
    """Make a client's currency governed, under a kind of its own and as a mapping."""
    knob = Knob()
    taken = {KIND: _applier(KIND, knob), MAPPING: _applier(MAPPING, knob)}
    monkeypatch.setattr(appliers, "_registry", {**appliers._registry, **taken})
    return knob


Propose = Callable[..., ChangeRequest]


def proposal(
    client: Client, currency: str, *, kind: str = MAPPING, money: bool = True
) -> changes.ProposedChange:
    """Return a change of a client's currency."""
    return changes.ProposedChange(
        kind=kind,
        target_id=str(client.pk),
        target_label=f"Currency of {client.name}",
        content={"currency": currency, "money": money},
        client_id=client.pk,
    )


def propose(
    actor: Actor, client: Client, currency: str = "USD", *, money: bool = True
) -> ChangeRequest:
    """Propose another currency for a client."""
    return changes.propose(
        actor,
        title=f"Bill {client.name} in {currency}",
        reason="They moved.",
        changes=[proposal(client, currency, money=money)],
    )


@pytest.fixture
def policies(northwind: Partner) -> None:
    """The starting policies, where provisioning has not made them."""
    ensure_default_policies()


@pytest.fixture
def alice(policies: None, actor: Callable[[Person], Actor]) -> Actor:
    """The owner: holds every permission."""
    return actor(actors.ALICE)


@pytest.fixture
def bob(policies: None, actor: Callable[[Person], Actor]) -> Actor:
    """The engineer: proposes and applies."""
    return actor(actors.BOB)


@pytest.fixture
def carol(policies: None, actor: Callable[[Person], Actor]) -> Actor:
    """The approver."""
    return actor(actors.CAROL)


@pytest.fixture
def heidi(policies: None, actor: Callable[[Person], Actor]) -> Actor:
    """Alder's own approver."""
    return actor(actors.HEIDI)


@dataclass(frozen=True)
class Lab:
    """A partner whose rows are really committed, for tests of several connections."""

    partner: Partner
    client: Client
    alice: Actor
    bob: Actor
    carol: Actor
    dana: Actor
    heidi: Actor


_EXTRA = Person("Dana Reyes", "dana@partner.example", ("approver",))


def _make_lab() -> Lab:
    maker = command_actor("tests")
    made = provision_partner(
        maker,
        name="Governance Lab",
        slug="governance-lab",
        owner_email=actors.ALICE.email,
        owner_name=actors.ALICE.name,
    )
    with tenant_context(made.partner):
        ensure_default_policies()
        client = add_client(maker, name="Alder Consulting")
        for person in (actors.BOB, actors.CAROL, _EXTRA, actors.HEIDI):
            add_person(
                maker,
                email=person.email,
                name=person.name,
                roles=person.roles,
                client=client if person.client else None,
            )
        people = [actors.ALICE, actors.BOB, actors.CAROL, _EXTRA, actors.HEIDI]
        found = [actor_for(User.objects.get(email=person.email)) for person in people]
    return Lab(made.partner, client, *found)


def _drop_lab() -> None:
    connection.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's
    partner = Partner.objects.filter(slug="governance-lab").first()
    if partner is None:
        return
    with roles.owner_connection() as owner:
        owner.execute(f'DROP SCHEMA IF EXISTS "{partner.schema_name}" CASCADE'.encode())
    Wakeup.objects.filter(schema_name=partner.schema_name).delete()
    Domain.objects.filter(tenant=partner).delete()
    partner.delete(force_drop=False)


@pytest.fixture(scope="module")
def made_lab(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Lab]:
    """The lab, made for a module of tests and dropped after it."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's fixture
        _drop_lab()
        lab = _make_lab()
    yield lab
    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's fixture
        _drop_lab()
        connection.close()


@pytest.fixture
def lab(made_lab: Lab, governed: Knob, django_db_blocker: pytest.FixtureRequest) -> Iterator[Lab]:
    """The lab, entered, with its client billed in EUR. What a test commits stays."""
    with (
        django_db_blocker.unblock(),  # type: ignore[attr-defined]  # pytest-django's fixture
        tenant_context(made_lab.partner),
    ):
        Client.objects.filter(pk=made_lab.client.pk).update(currency="EUR")
        yield made_lab
