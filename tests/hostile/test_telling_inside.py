"""Addresses of outgoing webhooks that lead inside: spelt oddly, changed meanwhile, by whomever."""

import socket
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.exceptions import ValidationError

from governance.actors import Actor
from syncjobs.models import Endpoint, Message
from syncjobs.telling.posting import NOT_CALLED
from syncjobs.telling.sending import send_messages
from tests.fakes.hearer import Hearer, hearer
from tests.syncjobs.listening import add, alice, grace, lead, told

__all__ = ["alice", "grace"]


@pytest.fixture
def listener(settings: LazySettings) -> Iterator[Hearer]:
    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    with hearer() as made:
        yield made


def named(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """Let hook.example have these addresses, one answer after the other; the last stays."""
    left, real = list(answers), socket.getaddrinfo

    def answer(host: str, port: int, *rest: Any, **options: Any) -> list[Any]:
        if host != "hook.example":  # the address that was checked is called as it is
            assert host in chain(*answers)
            return list(real(host, port, *rest, **options))
        found = left.pop(0) if len(left) > 1 else left[0]
        kind = socket.SOCK_STREAM
        return [(socket.AF_INET, kind, 6, "", (one, port)) for one in found]

    monkeypatch.setattr("tenants.egress.socket.getaddrinfo", answer)


def send_anew() -> int:
    Endpoint.objects.update(lease_until=None)
    return send_messages()


def said() -> list[tuple[int, str]]:
    """Return status and error of each message's last attempt."""
    return [
        (one.attempts[-1]["status"], one.attempts[-1]["error"])
        for one in Message.objects.order_by("pk")
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://localhost./",
        "https://[::]/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[::ffff:0:127.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fd00:ec2::254]/",
        "https://172.16.0.1:6379/",
        "http://93.184.215.14/",
        "https://name-that-is-nowhere.invalid/",
    ],
)
def test_odd_spellings_lead_nowhere_and_tell_nothing(
    url: str, alice: Actor, settings: LazySettings
) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = []
    lead(add(alice, "https://hook.example/")[0], url)
    told()
    send_messages()
    assert said() == [(0, NOT_CALLED)], "whether the name is there is told no more than where"


def test_digits_of_another_script_are_no_address(alice: Actor, settings: LazySettings) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = []
    add(alice, "https://\u0661\u0662\u0667.0.0.1/")
    told()
    send_messages()
    assert said() == [(0, "The address has characters that cannot be sent.")]


def test_a_name_that_moves_inside_is_not_called_over_the_session_that_is_kept(
    listener: Hearer, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = listener.address.rpartition(":")[2]
    named(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
    add(alice, f"http://hook.example:{port}")
    told(number=1)
    told(number=2)
    send_messages()
    assert len(listener.heard) == 1
    assert said() == [(200, ""), (0, NOT_CALLED)]


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    alice: Actor, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = []
    named(monkeypatch, ["93.184.215.14", "192.168.0.1"])
    add(alice, "https://hook.example/")
    told()
    send_messages()
    assert said() == [(0, NOT_CALLED)]


def test_a_clients_people_reach_no_network_that_an_operator_opened(
    listener: Hearer, alice: Actor, grace: Actor
) -> None:
    """It is open for the systems that staff connect; a client's webhook would look around in it."""
    with pytest.raises(ValidationError, match="may not be called"):
        add(grace, listener.address, "run.failed")
    lead(add(grace, "https://hook.example/", "run.failed")[0], listener.address)
    assert grace.client_id is not None
    told(client=grace.client_id)
    send_messages()
    assert listener.heard == []
    assert said() == [(0, NOT_CALLED)]
    add(alice, listener.address, "run.failed")
    told(client=grace.client_id, number=2)
    assert send_anew() >= 1
    assert len(listener.heard) == 1


def test_an_address_that_was_taken_back_is_not_called_for_the_rest_of_a_turn(
    listener: Hearer, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(alice, listener.address)
    for number in range(250):
        told(number=number)

    def change(name: str) -> None:
        if name == "telling.after_record":
            Endpoint.objects.update(url=listener.address + "/new")

    monkeypatch.setattr("syncjobs.telling.sending.reach", change)
    assert send_messages() == 250
    paths = [one.path for one in listener.heard]
    assert paths.count("/hear") < 150
    assert paths[-50:] == ["/hear/new"] * 50
