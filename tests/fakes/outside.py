"""A bucket and a time stamp authority in this process, over HTTP on loopback."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.fakes.der import inside, integer, octets, oid, sequence, set_of, tlv

_SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"))
_TST = oid("1.2.840.113549.1.9.16.1.4")
_LOCKED = (
    "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
    "</ObjectLockConfiguration>"
)
_LISTING = (
    "<ListVersionsResult><IsTruncated>{}</IsTruncated><NextKeyMarker>{}</NextKeyMarker>"
    "<NextVersionIdMarker>v1</NextVersionIdMarker>{}</ListVersionsResult>"
)
_VERSION = "<Version><Key>{}</Key><VersionId>v1</VersionId></Version>"
_MARKER = "<DeleteMarker><Key>{}</Key><VersionId>v2</VersionId></DeleteMarker>"
_ERROR = "<Error><Code>{}</Code><Message>no</Message></Error>"


@dataclass(frozen=True)
class Signed:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def certified(name: str, by: Signed | None = None) -> Signed:
    """Return a root, or what a root has certified to stamp times."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(serial_number=x509.random_serial_number())
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    )
    if by is not None:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        made = made.add_extension(usage, critical=True)
    return Signed(made.sign(by.key if by else key, hashes.SHA256()), key)


class Authority:
    """Stamps what it is sent, as RFC 3161 says."""

    @cached_property
    def root(self) -> Signed:
        """The certificate that users trust."""
        return certified("Root of time")

    @cached_property
    def own(self) -> Signed:
        """The certificate that stamps bear."""
        return certified("Time stamps", self.root)

    def answer(self, asked: bytes, *, other: bool = False) -> bytes:
        """Return the answer to a request; `other`: about another text."""
        parts = inside(asked)
        nonce = next(one for one in parts[2:] if one[0] == 2)
        imprint = sequence(_SHA256, octets(bytes(32))) if other else parts[1]
        moment = datetime.now(UTC).strftime("%Y%m%d%H%M%SZ").encode()
        told = sequence(integer(1), oid("1.2.3.4"), imprint, integer(7), tlv(0x18, moment), nonce)
        content = sequence(oid("1.2.840.113549.1.7.2"), tlv(0xA0, self._signed(told)))
        return sequence(sequence(integer(0)), content)

    def _signed(self, told: bytes) -> bytes:
        own = self.own.certificate.public_bytes(Encoding.DER)
        certificate_hash = sequence(sequence(sequence(octets(hashlib.sha256(own).digest()))))
        attributes = [
            sequence(oid("1.2.840.113549.1.9.3"), tlv(0x31, _TST)),
            sequence(oid("1.2.840.113549.1.9.4"), tlv(0x31, octets(hashlib.sha256(told).digest()))),
            sequence(oid("1.2.840.113549.1.9.16.2.47"), tlv(0x31, certificate_hash)),
        ]
        signature = self.own.key.sign(set_of(attributes), ec.ECDSA(hashes.SHA256()))
        issuer = self.own.certificate.issuer.public_bytes()
        signer = sequence(
            integer(1),
            sequence(issuer, integer(self.own.certificate.serial_number)),
            _SHA256,
            set_of(attributes, 0xA0),
            sequence(oid("1.2.840.10045.4.3.2")),
            octets(signature),
        )
        return sequence(
            integer(3),
            tlv(0x31, _SHA256),
            sequence(_TST, tlv(0xA0, octets(told))),
            tlv(0xA0, own),
            tlv(0x31, signer),
        )


@dataclass
class Outside:
    """What the server holds and how it behaves.

    objects: content and headers by path. deleted: paths that a delete marker hides. lock: the
    bucket has Object Lock. refuse: the error code of every answer of the bucket. asked: how often
    it was asked. stamp: how the authority answers: right, other, nonsense, gone.
    """

    url: str = ""
    lock: bool = True
    refuse: str = ""
    stamp: str = "right"
    objects: dict[str, tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    authority: Authority = field(default_factory=Authority)
    asked: int = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def outside(self) -> Outside:
        return cast("_Server", self.server).outside

    def do_GET(self) -> None:
        self.outside.asked += 1
        path, _, query = self.path.partition("?")
        asked = dict(parse_qsl(query, keep_blank_values=True))
        if self.outside.refuse:
            self._say(403, _ERROR.format(self.outside.refuse))
        elif "versions" in asked:
            self._say(200, self._versions(path, asked))
        elif path in self.outside.objects:
            self._say(200, self.outside.objects[path][0])
        elif self.outside.lock:
            self._say(200, _LOCKED)
        else:
            self._say(404, _ERROR.format("ObjectLockConfigurationNotFoundError"))

    def _versions(self, bucket: str, asked: dict[str, str]) -> str:
        """A page of the listing: two objects, and whether there are more."""
        start = f"{bucket}/"
        keys = sorted(one.removeprefix(start) for one in self.outside.objects)
        keys = [one for one in keys if one.startswith(asked["prefix"])]
        keys = [one for one in keys if one > asked.get("key-marker", "")]
        page = "".join(_VERSION.format(one) for one in keys[:2])
        page += "".join(
            _MARKER.format(one) for one in keys[:2] if f"{start}{one}" in self.outside.deleted
        )
        more = str(len(keys) > 2).lower()
        last = keys[:2][-1] if keys else ""
        return _LISTING.format(more, last, page)

    def do_PUT(self) -> None:
        content = self._content()
        self.outside.asked += 1
        if self.outside.refuse:
            self._say(403, _ERROR.format(self.outside.refuse))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.outside.objects[self.path] = (content, headers)
        self._say(200, "")

    def do_POST(self) -> None:
        content, how = self._content(), self.outside.stamp
        if how == "gone":
            self._say(503, "")
            return
        answer = b"<html>" if how == "nonsense" else b""
        answer = answer or self.outside.authority.answer(content, other=how == "other")
        self._say(200, answer)

    def _content(self) -> bytes:
        if self.headers.get("Expect"):
            self.send_response_only(100)
            self.end_headers()
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _say(self, status: int, body: str | bytes) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    outside: Outside


@contextmanager
def outside_server() -> Iterator[Outside]:
    """Serve until the block ends."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.outside = Outside(url=f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.outside
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
