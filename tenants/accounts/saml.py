"""SAML 2.0 with a provider: the address to go to, and the claims of a signed answer.

The library checks the signature, the audience, the times and where the answer was sent. An
answer that nobody asked for is never taken: it must name the request of this very session.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.x509 import load_pem_x509_certificate
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings

MAX_ANSWER = 256 * 1024
_HEAD, _FOOT = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


_SECURITY: Mapping[str, Any] = {
    "wantAssertionsSigned": True,
    "wantNameId": True,
    "wantAttributeStatement": False,
    "rejectDeprecatedAlgorithm": True,
    "requestedAuthnContext": False,
    "allowRepeatAttributeName": True,
}


class AnswerRefused(Exception):
    """The answer is not one that may be believed; the message says why."""


@dataclass(frozen=True, slots=True)
class Party:
    """The provider (`issuer`, `address`, `certificate`) and this host as it knows it (`back`)."""

    issuer: str
    address: str
    certificate: str
    back: str


def plain_certificate(text: str) -> str:
    """Return a certificate as PEM, with or without its first and last line given.

    Raises ValueError when it is none.
    """
    body = "".join(text.replace(_HEAD, "").replace(_FOOT, "").split())
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    pem = "\n".join([_HEAD, *lines, _FOOT]) + "\n"
    load_pem_x509_certificate(pem.encode())
    return pem


def request_address(party: Party) -> tuple[str, str]:
    """Return where the browser goes, and the name of the request. Raises AnswerRefused."""
    try:
        library = OneLogin_Saml2_Auth(_request(party, ""), _settings(party))
        return str(library.login()), str(library.get_last_request_id())
    except (OneLogin_Saml2_Error, ValueError) as error:
        raise AnswerRefused(str(error)) from None


def claims_of_answer(party: Party, answer: str, request_id: str) -> dict[str, Any]:
    """Return `sub` and the attributes of an answer that holds. Raises AnswerRefused.

    Attributes are lists of text, by name. `sub` never is a name that changes each time.
    """
    if not request_id or len(answer) > MAX_ANSWER:
        raise AnswerRefused("The answer is too large, or nobody asked for it.")
    try:
        settings = OneLogin_Saml2_Settings(_settings(party))
        response = OneLogin_Saml2_Response(settings, answer)
        response.is_valid(_request(party, answer), request_id, raise_exceptions=True)
        asked = response.get_in_response_to()
        claims = dict(response.get_attributes())
        subject, form = response.get_nameid(), response.get_nameid_format()
    except (OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError) as error:
        raise AnswerRefused(str(error)) from None
    except Exception as error:  # what is no XML fails in the parser, with its own errors
        raise AnswerRefused(f"The answer cannot be read ({type(error).__name__}).") from None
    if asked != request_id:
        raise AnswerRefused("The answer is to another sign-in.")
    if not subject or len(subject) > 255 or form == Names.NAMEID_TRANSIENT:
        raise AnswerRefused("The answer does not name anybody for good.")
    return {**claims, "sub": str(subject)}


def metadata(back: str) -> bytes:
    """Return the document that describes this host to a provider: who asks, and where answers go.

    It holds no key and no end: requests are not signed, answers have to be.
    """
    settings = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": _ourselves(back),
            "security": {**_SECURITY, "metadataValidUntil": "", "metadataCacheDuration": ""},
        },
        sp_validation_only=True,
    )
    made = settings.get_sp_metadata()
    return made if isinstance(made, bytes) else str(made).encode()


def _request(party: Party, answer: str) -> dict[str, Any]:
    scheme, _, rest = party.back.partition("://")
    host, _, path = rest.partition("/")
    return {
        "https": "on" if scheme == "https" else "off",
        "http_host": host,
        "script_name": f"/{path}",
        "get_data": {},
        "post_data": {"SAMLResponse": answer} if answer else {},
    }


def _settings(party: Party) -> Mapping[str, Any]:
    return {
        "strict": True,
        "sp": _ourselves(party.back),
        "idp": {
            "entityId": party.issuer,
            "singleSignOnService": {
                "url": party.address,
                "binding": Names.BINDING_HTTP_REDIRECT,
            },
            "x509cert": party.certificate,
        },
        "security": _SECURITY,
    }


def _ourselves(back: str) -> Mapping[str, Any]:
    """This host as providers know it: its address for answers is its name, too."""
    return {
        "entityId": back,
        "assertionConsumerService": {"url": back, "binding": Names.BINDING_HTTP_POST},
        "NameIDFormat": Names.NAMEID_UNSPECIFIED,
    }
