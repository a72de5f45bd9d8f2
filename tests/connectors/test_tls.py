"""Encrypted connections: pinned to the checked address, certified for the name."""

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from syncjobs.connectors.egress import EgressRules
from syncjobs.connectors.errors import Config, Unknown
from syncjobs.connectors.http import HttpClient, Limits, Request
from syncjobs.connectors.outcomes import Effect
from tests.connectors.raw import RawServer, answer

NAME = "crm.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of its own for NAME, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    form = serialization.PrivateFormat.PKCS8
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def _whole(connection: ssl.SSLSocket) -> bytes:
    """Read a request to the end of its body: closing before that would reset the caller."""
    request = b""
    while not request.endswith(b"{}") and (part := connection.recv(65536)):
        request += part
    return request


class _TlsServer:
    """Takes connections one after the other; keeps each name asked for and each request."""

    def __init__(self, certificate: Path, reply: bytes) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.names: list[str | None] = []
        self.requests: list[bytes] = []
        self._reply = reply
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return  # closed by the test
            try:
                with self._context.wrap_socket(plain, server_side=True) as connection:
                    if request := _whole(connection):
                        self.requests.append(request)
                        connection.sendall(self._reply)
            except OSError:
                plain.close()  # the caller refused the certificate

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpClient]:
    real = socket.getaddrinfo

    def resolve(host: str, *args: Any, **more: Any) -> Any:
        return real("127.0.0.1" if host.endswith(".example") else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    made = HttpClient(rules=EgressRules.allowing(["127.0.0.0/8"]), limits=Limits(connect=2, read=2))
    yield made
    made.close()


@pytest.fixture
def server(certificate: Path) -> Iterator[_TlsServer]:
    made = _TlsServer(certificate, answer())
    yield made
    made.close()


def _post(client: HttpClient, server: _TlsServer, name: str) -> int:
    url = f"https://{name}:{server.port}/v2/accounts"
    request = Request(method="POST", url=url, body=b"{}", effect=Effect.TWICE)
    return client.send(request).status


def test_the_name_is_certified_although_the_address_is_pinned(
    client: HttpClient, server: _TlsServer, certificate: Path
) -> None:
    client._session.verify = str(certificate)
    assert _post(client, server, NAME) == 200
    assert server.names == [NAME]
    assert f"Host: {NAME}:{server.port}".encode() in server.requests[0]


def test_a_certificate_for_another_name_is_refused_before_anything_is_sent(
    client: HttpClient, server: _TlsServer, certificate: Path
) -> None:
    client._session.verify = str(certificate)
    with pytest.raises(Config, match="certificate of other"):
        _post(client, server, "other.example")
    assert server.requests == []


def test_a_certificate_that_nobody_vouches_for_is_refused(
    client: HttpClient, server: _TlsServer
) -> None:
    with pytest.raises(Config, match="certificate"):
        _post(client, server, NAME)
    assert server.requests == []


def test_a_system_that_speaks_no_tls_is_told_as_such(client: HttpClient) -> None:
    with RawServer(lambda c, _: c.sendall(answer())) as plain:
        request = Request(
            method="POST", url=f"https://{NAME}:{plain.port}/", body=b"{}", effect=Effect.TWICE
        )
        with pytest.raises(Config, match="does not speak HTTPS"):
            client.send(request)


def test_a_connection_cut_after_the_request_is_no_matter_of_certificates(
    client: HttpClient, certificate: Path
) -> None:
    cut = _TlsServer(certificate, b"")
    client._session.verify = str(certificate)
    with pytest.raises(Unknown):
        _post(client, cut, NAME)
    cut.close()
    assert len(cut.requests) == 1
