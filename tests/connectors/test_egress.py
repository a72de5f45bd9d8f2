"""Which addresses a connector may call."""

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from syncjobs.connectors.egress import AddressRefused, EgressRules, checked_url, pinned_address
from syncjobs.connectors.errors import Config, Transient
from syncjobs.connectors.http import HttpClient, Limits, Request
from tests.connectors.raw import RawServer, answer

NOTHING_PRIVATE = EgressRules()
LOOPBACK = EgressRules.allowing(["127.0.0.0/8"])

REFUSED = (
    # Loopback and unspecified, in all spellings that resolvers take.
    "127.0.0.1", "127.1", "127.255.255.254", "2130706433", "0x7f.0.0.1", "0x7f000001",
    "017700000001", "localhost", "0.0.0.0", "0", "::1", "::", "::ffff:127.0.0.1",
    "::127.0.0.1", "::ffff:0:127.0.0.1", "::ffff:7f00:1",
    # Private, shared, link-local, site-local, unique-local.
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "169.254.1.1",
    "fe80::1", "fec0::1", "fc00::1", "fd12:3456::1", "::ffff:10.0.0.1",
    # The services of cloud machines.
    "169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254",
    "::ffff:169.254.169.254",
    # IPv4 hidden in IPv6: NAT64, 6to4, Teredo.
    "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001::7f00:1",
    # Multicast, broadcast, reserved, documentation, benchmarks.
    "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1",
    "198.18.0.1", "192.0.0.8", "192.88.99.1", "ff02::1", "2001:db8::1", "5f00::1", "3fff::1",
)  # fmt: skip


def _answers(monkeypatch: pytest.MonkeyPatch, *rounds: list[str]) -> list[str]:
    """Make names resolve to one round after the other; returns the names asked for.

    An address resolves to itself, as everywhere.
    """
    asked: list[str] = []
    left = iter([*rounds, *[rounds[-1]] * 20])
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *args: Any, **more: Any) -> list[Any]:
        if host.replace(".", "").isdigit():
            return real(host, port, *args, **more)
        asked.append(host)
        family = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            (family[ipaddress.ip_address(text).version], socket.SOCK_STREAM, 6, "", (text, port))
            for text in next(left)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


@pytest.mark.parametrize("host", REFUSED)
def test_an_address_inside_is_refused_before_anything_is_sent(host: str) -> None:
    with pytest.raises(AddressRefused, match="may not reach"):
        pinned_address(host, 443, NOTHING_PRIVATE)


@pytest.mark.parametrize("host", REFUSED)
def test_a_name_that_resolves_inside_is_refused(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        address = str(ipaddress.ip_address(host))
    except ValueError:
        address = "127.0.0.1"
    _answers(monkeypatch, [address])
    with pytest.raises(AddressRefused):
        pinned_address("crm.example.com", 443, NOTHING_PRIVATE)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_a_public_address_is_allowed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(monkeypatch, [address])
    assert str(pinned_address("example.com", 443, NOTHING_PRIVATE)) == address


def test_one_inside_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _answers(monkeypatch, ["93.184.215.14", "10.0.0.5"])
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.5"):
        pinned_address("example.com", 443, NOTHING_PRIVATE)


def test_an_operator_can_open_a_private_network_but_never_a_clouds_own_services() -> None:
    rules = EgressRules.allowing(["10.20.0.0/16", "169.254.0.0/16", "::/0", "0.0.0.0/0"])
    assert str(pinned_address("10.20.3.4", 443, rules)) == "10.20.3.4"
    for host in ("169.254.169.254", "168.63.129.16", "::127.0.0.1", "fec0::1", "fd00:ec2::254"):
        with pytest.raises(AddressRefused):
            pinned_address(host, 443, rules)


def test_opening_one_network_opens_no_other() -> None:
    rules = EgressRules.allowing(["10.20.0.0/16"])
    for host in ("10.21.0.1", "127.0.0.1", "192.168.0.1"):
        with pytest.raises(AddressRefused):
            pinned_address(host, 443, rules)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:25/",
        "ftp://example.com/",
        "//example.com/",
        "example.com",
        "https://",
        "https://user:secret@example.com/",
        "https://example.com@10.0.0.1/",
        "https://example.com\\@10.0.0.1/",
        "https://exa mple.com/",
        "https://example.com/\r\nX-Injected: 1",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://[::1/",
        "",
    ],
)
def test_an_address_of_a_strange_form_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        checked_url(url)


@pytest.fixture
def strict() -> Iterator[HttpClient]:
    client = HttpClient(rules=NOTHING_PRIVATE, limits=Limits(connect=1, read=1))
    yield client
    client.close()


@pytest.fixture
def local() -> Iterator[HttpClient]:
    client = HttpClient(rules=LOOPBACK, limits=Limits(connect=1, read=1))
    yield client
    client.close()


def test_a_call_to_an_inside_address_never_reaches_it(strict: HttpClient) -> None:
    with RawServer(lambda c, _: c.sendall(answer())) as server:
        with pytest.raises(Config, match="may not reach"):
            strict.send(Request(method="GET", url=server.address))
        assert server.requests == []


def test_a_name_that_rebinds_after_the_check_still_goes_to_the_checked_address(
    local: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resolution is asked once a call; what it would answer next never matters."""
    with RawServer(lambda c, _: c.sendall(answer())) as server:
        asked = _answers(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
        url = f"http://rebinding.example:{server.port}/x"
        assert local.send(Request(method="GET", url=url)).status == 200
        assert asked.count("rebinding.example") == 1
        with pytest.raises(Config, match=r"10\.0\.0\.1"):
            local.send(Request(method="GET", url=url))
        assert len(server.requests) == 1


def test_the_system_sees_its_own_name_and_not_the_pinned_address(
    local: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(lambda c, _: c.sendall(answer())) as server:
        _answers(monkeypatch, ["127.0.0.1"])
        local.send(Request(method="GET", url=f"http://crm.example:{server.port}/x"))
        assert f"Host: crm.example:{server.port}\r\n".encode() in server.requests[0]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temp", "308 Perm"])
def test_a_redirect_is_never_followed(local: HttpClient, status: str) -> None:
    with RawServer(lambda c, _: c.sendall(answer())) as inside:
        more = f"Location: {inside.address}/admin\r\n"
        with RawServer(lambda c, _: c.sendall(answer(status, more=more))) as server:
            found = local.send(Request(method="GET", url=server.address))
        assert found.status == int(status[:3])
        assert inside.requests == []


def test_a_proxy_in_the_environment_is_ignored(
    local: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(lambda c, _: c.sendall(answer("502 Proxy"))) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.address)
        monkeypatch.delenv("no_proxy", raising=False)
        with RawServer(lambda c, _: c.sendall(answer())) as server:
            assert local.send(Request(method="GET", url=server.address)).status == 200
        assert proxy.requests == []


def test_a_public_system_without_encryption_is_refused(
    strict: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answers(monkeypatch, ["93.184.215.14"])
    with pytest.raises(Config, match="https://"):
        strict.send(Request(method="GET", url="http://example.com/"))


def test_a_name_without_an_address_is_worth_another_try(
    strict: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(Transient, match=r"nowhere\.example"):
        strict.send(Request(method="POST", url="https://nowhere.example/"))
