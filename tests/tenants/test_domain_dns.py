"""The real resolver against a server on loopback."""

from collections.abc import Iterator

import pytest

from tenants.domains import dns as asking
from tenants.domains.dns import DnsResolver, DnsSilent, Leads
from tests.fakes.dns_server import DnsServer, dns_server

ZONE = """
_proof.one.example. TXT "alpha"
_proof.many.example. TXT "v=spf1 -all"
_proof.many.example. TXT "be" "ta"
_proof.alias.example. CNAME _x.elsewhere.example.
_x.elsewhere.example. TXT "gamma"
_proof.odd.example. TXT "a\\010b\\000<i>"
_proof.long.example. TXT "%s"
bare.example. A 192.0.2.9
www.example. CNAME shop.example.
shop.example. CNAME in.platform.example.
in.platform.example. A 192.0.2.1
in.platform.example. AAAA 2001:db8::1
loop.example. CNAME pool.example.
pool.example. CNAME loop.example.
""" % ("z" * 250)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[DnsServer]:
    with dns_server(ZONE) as (made, port):
        monkeypatch.setattr(asking, "LIFETIME", 0.6)
        original = DnsResolver.__init__

        def at_port(self: DnsResolver, servers: tuple[str, ...] = ()) -> None:
            original(self, servers)
            self._inner.port = port

        monkeypatch.setattr(DnsResolver, "__init__", at_port)
        yield made


@pytest.fixture
def resolver(server: DnsServer) -> DnsResolver:
    return DnsResolver(("127.0.0.1",))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("_proof.one.example", {"alpha"}),
        ("_proof.many.example", {"v=spf1 -all", "beta"}),
        ("_proof.alias.example", {"gamma"}),
        ("_proof.odd.example", {"a�b�<i>"}),
        ("_proof.long.example", {"z" * 120}),
        ("_proof.nobody.example", set()),
        ("bare.example", set()),
    ],
)
def test_it_reads_txt_records(resolver: DnsResolver, name: str, values: set[str]) -> None:
    assert set(resolver.text(name)) == values


@pytest.mark.parametrize(
    ("name", "leads"),
    [
        ("bare.example", Leads((), ("192.0.2.9",))),
        (
            "www.example",
            Leads(("shop.example", "in.platform.example"), ("192.0.2.1", "2001:db8::1")),
        ),
        ("nobody.example", Leads()),
        ("_proof.one.example", Leads()),
    ],
)
def test_it_follows_a_name(resolver: DnsResolver, name: str, leads: Leads) -> None:
    assert resolver.leads(name) == leads


@pytest.mark.parametrize("mode", ["drop", "refuse", "fail", "garbage"])
def test_a_server_that_does_not_answer_tells_nothing(
    server: DnsServer, resolver: DnsResolver, mode: str
) -> None:
    server.mode = mode
    with pytest.raises(DnsSilent):
        resolver.text("_proof.one.example")
    with pytest.raises(DnsSilent):
        resolver.leads("bare.example")


def test_a_loop_ends(resolver: DnsResolver) -> None:
    with pytest.raises(DnsSilent):
        resolver.leads("loop.example")


def test_no_search_domain_of_the_machine_is_tried(server: DnsServer, resolver: DnsResolver) -> None:
    assert resolver.text("_proof.nobody") == ()
    assert server.questions == ["_proof.nobody. TXT"]
