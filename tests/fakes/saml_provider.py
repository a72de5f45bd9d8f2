"""A small SAML provider: reads a request, signs an answer, and has its tempers."""

import base64
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from tests.fakes.identity_provider import key_pair

ASSERTION = """<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{assertion_id}" Version="2.0" IssueInstant="{now}"><saml:Issuer>{issuer}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:{form}">{name}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="{until}" Recipient="{back}"{asked}/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{since}" NotOnOrAfter="{until}"><saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{now}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>{attributes}</saml:Assertion>"""  # noqa: E501
RESPONSE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{response_id}" Version="2.0" IssueInstant="{now}" Destination="{back}"{asked}><saml:Issuer>{issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>{assertion}</samlp:Response>"""  # noqa: E501


def pem_of(name: str) -> str:
    """The private key of that name, as text."""
    return (
        key_pair(name)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        .decode()
    )


@lru_cache
def certificate_of(name: str) -> str:
    """A certificate for the key of that name."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key_pair(name).public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key_pair(name), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


@dataclass
class SamlProvider:
    """Who signs in (`name`, `attributes`), and what it gets wrong (`changed`)."""

    name: str
    attributes: dict[str, list[str]] = field(default_factory=dict)
    form: str = "persistent"
    issuer: str = "https://idp.example/entity"
    address: str = "https://idp.example/sso"
    signs_with: str = "one"
    signs: bool = True
    unsolicited: bool = False
    age: timedelta = timedelta()
    changed: dict[str, str] = field(default_factory=dict)

    def visit(self, address: str) -> tuple[str, str]:
        """Sign in as a browser would; where to send which answer."""
        assert address.startswith(self.address)
        packed = parse_qs(urlsplit(address).query)["SAMLRequest"][0]
        request = ElementTree.fromstring(zlib.decompress(base64.b64decode(packed), -15))
        back = str(request.get("AssertionConsumerServiceURL"))
        return back, self.answer(str(request.get("ID")), back)

    def answer(self, asked: str, back: str) -> str:
        """An answer to a request, signed."""
        now = datetime.now(UTC) - self.age
        values = {
            "assertion_id": "_a1",
            "response_id": "_r1",
            "issuer": self.issuer,
            "form": self.form,
            "name": escape(self.name),
            "back": back,
            "audience": back,
            "now": _text(now),
            "since": _text(now - timedelta(minutes=1)),
            "until": _text(now + timedelta(minutes=5)),
            "attributes": self._attributes(),
            "asked": "" if self.unsolicited else f' InResponseTo="{asked}"',
            **self.changed,
        }
        assertion = ASSERTION.format(**values)
        if self.signs:
            key, certificate = pem_of(self.signs_with), certificate_of(self.signs_with)
            signed = OneLogin_Saml2_Utils.add_sign(assertion, key, certificate)
            assertion = (
                signed.decode().partition("?>")[2] if b"<?xml" in signed else signed.decode()
            )
        return base64.b64encode(RESPONSE.format(assertion=assertion, **values).encode()).decode()

    def _attributes(self) -> str:
        if not self.attributes:
            return ""
        rows = "".join(
            f'<saml:Attribute Name="{name}">'
            + "".join(f"<saml:AttributeValue>{escape(one)}</saml:AttributeValue>" for one in values)
            + "</saml:Attribute>"
            for name, values in self.attributes.items()
        )
        return f"<saml:AttributeStatement>{rows}</saml:AttributeStatement>"


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
