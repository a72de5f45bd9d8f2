"""Signing in at a partner's identity provider: going there, coming back, roles by claims.

What comes back is believed once, in the session that asked, from the provider that it asked,
for the host that it asked from. An address links a person only when the provider says that it
verified it; after that the provider's own name for them counts, not the address.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from governance import correlation
from governance.actors import Actor, task_actor
from governance.services import audit
from tenants.accounts import actions, oidc, saml
from tenants.accounts.id_token import Expected
from tenants.accounts.models import ExternalIdentity, IdentityProvider, User
from tenants.accounts.names import plain_name
from tenants.accounts.services import sign_in
from tenants.accounts.services.people import add_person, set_roles
from tenants.accounts.services.providers import secret_of
from tenants.accounts.services.single_sign_off import note_way
from tenants.sealing import SealError

ASKED_SECONDS = 600
NOT_ASKED = "This sign-in was not begun here, or it took too long."
NAME_ATTRIBUTES = (
    "displayName",
    "name",
    "http://schemas.microsoft.com/identity/claims/displayname",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
)
NOBODY = "00000000-0000-0000-0000-000000000000"
BACK = {"oidc": "single_sign_on_back", "saml": "saml_back"}
_ASKED = "single_sign_on"


class Refused(Exception):
    """Nobody comes in by this; the message is for the person, the cause for the audit trail."""

    def __init__(self, message: str, cause: str = "") -> None:
        super().__init__(message)
        self.cause = cause or message


@dataclass(frozen=True, slots=True)
class Arrived:
    """How far somebody came, and where they wanted to go."""

    outcome: sign_in.Outcome
    target: str


def callback_address(request: HttpRequest, provider: IdentityProvider) -> str:
    """Return where the provider sends people back to, on the host that they are at."""
    path = reverse(BACK[provider.protocol])
    return f"{request.scheme}://{request.get_host()}{path}"


def begin(request: HttpRequest, provider: IdentityProvider, target: str) -> str:
    """Return the provider's address to go to, and remember what was asked. Raises Refused."""
    asked: dict[str, Any] = {
        "provider": str(provider.uuid),
        "back": callback_address(request, provider),
        "target": target,
        "since": int(time.time()),
    }
    ask = _ask_saml if provider.protocol == IdentityProvider.Protocol.SAML else _ask_oidc
    try:
        address = ask(provider, asked)
    except (oidc.ProviderFailed, saml.AnswerRefused, SealError) as error:
        raise Refused("Single sign-on does not answer now. Try again.", str(error)) from None
    request.session[_ASKED] = asked
    return address


def _ask_oidc(provider: IdentityProvider, asked: dict[str, Any]) -> str:
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    asked |= {"state": state, "nonce": nonce, "verifier": verifier}
    return oidc.authorization_address(
        _client(provider, asked["back"]),
        scopes=provider.scopes,
        state=state,
        nonce=nonce,
        verifier=verifier,
    )


def _ask_saml(provider: IdentityProvider, asked: dict[str, Any]) -> str:
    address, asked["request"] = saml.request_address(_party(provider, asked["back"]))
    return address


def _party(provider: IdentityProvider, back: str) -> saml.Party:
    return saml.Party(provider.issuer, provider.sign_in_url, provider.certificate, back)


def was_asked(request: HttpRequest) -> bool:
    """Say whether this session waits for a provider's answer."""
    return _ASKED in request.session


def finish(request: HttpRequest, kind: str) -> Arrived:
    """Sign in whom the provider sent back. Raises Refused, and TooManyTries.

    What was asked is forgotten first: an answer is taken once, right or wrong.
    """
    asked: dict[str, Any] = request.session.pop(_ASKED, None) or {}
    sign_in.refuse_place()
    provider = IdentityProvider.objects.filter(
        uuid=asked.get("provider", NOBODY), kind=kind, is_active=True
    ).first()
    if provider is None or not _is_timely(request, asked, provider):
        raise Refused(NOT_ASKED)
    read = _saml_claims if provider.protocol == IdentityProvider.Protocol.SAML else _oidc_claims
    claims = read(request, provider, asked)
    with transaction.atomic():
        user = _person(provider, claims)
    outcome = _let_in(request, provider, user)
    if token := asked.get("token"):
        note_way(request, provider, token)
    return Arrived(outcome, asked["target"])


def _client(provider: IdentityProvider, back: str) -> oidc.Client:
    return oidc.Client(provider.issuer, provider.client_id, secret_of(provider), back)


def _is_timely(request: HttpRequest, asked: dict[str, Any], provider: IdentityProvider) -> bool:
    """Say whether it is the answer's time and place: this host, and the way that was asked."""
    here = f"{request.scheme}://{request.get_host()}{request.path}"
    in_time = time.time() - int(asked["since"]) <= ASKED_SECONDS
    return in_time and str(asked["back"]) == callback_address(request, provider) == here


def _saml_claims(
    request: HttpRequest, provider: IdentityProvider, asked: dict[str, Any]
) -> dict[str, Any]:
    """Return the claims of a SAML answer; an address counts in the domains that are named."""
    answer = request.POST.get("SAMLResponse", "")
    try:
        claims = saml.claims_of_answer(_party(provider, asked["back"]), answer, asked["request"])
    except saml.AnswerRefused as error:
        raise Refused("The provider's answer could not be checked.", str(error)) from None
    named = claims.get(provider.email_claim, []) if provider.email_claim else [claims["sub"]]
    email = str(named[0]).strip().lower() if named else ""
    verified = email.rpartition("@")[2] in provider.domains
    return {**claims, "email": email, "email_verified": verified, "name": _name_in(claims)}


def _name_in(claims: Mapping[str, Any]) -> str:
    found = next((claims[name] for name in NAME_ATTRIBUTES if claims.get(name)), [""])
    return str(found[0])


def _oidc_claims(
    request: HttpRequest, provider: IdentityProvider, asked: dict[str, Any]
) -> dict[str, Any]:
    state, issuer = request.GET.get("state", ""), request.GET.get("iss", provider.issuer)
    if not constant_time_compare(state, asked["state"]) or issuer != provider.issuer:
        raise Refused(NOT_ASKED)
    code = request.GET.get("code", "")
    if not code or "error" in request.GET:
        raise Refused("The provider did not let you in.")
    expected = Expected(provider.issuer, provider.client_id, asked["nonce"], time.time())
    wanted = {"email", "email_verified", provider.role_claim} - {""}
    client = _client(provider, asked["back"])
    try:
        answer = oidc.claims_for_code(
            client, code, verifier=asked["verifier"], expected=expected, wanted=wanted
        )
    except (oidc.ProviderFailed, SealError) as error:
        raise Refused("The provider's answer could not be checked.", str(error)) from None
    asked["token"] = answer.token
    return answer.claims


def _person(provider: IdentityProvider, claims: Mapping[str, Any]) -> User:
    """Return the person, linked or made, with the roles that the claims give."""
    actor = task_actor(f"Single sign-on: {provider.label}")
    correlation.replace_actor(actor)
    roles = _roles(provider, claims)
    link = provider.identities.select_related("user").filter(subject=claims["sub"]).first()
    user = link.user if link else _linked(actor, provider, claims, roles)
    if not user.is_active or user.kind != provider.kind:
        raise Refused("Your account here is closed.")
    if provider.role_claim and provider.roles:
        _give(actor, provider, user, roles)
    provider.identities.filter(user=user).update(last_used_at=timezone.now())
    return User.objects.get(pk=user.pk)


def _linked(
    actor: Actor, provider: IdentityProvider, claims: Mapping[str, Any], roles: list[str]
) -> User:
    """Link the provider's subject to the person of its verified address."""
    email = _verified_address(provider, claims)
    user = User.objects.select_for_update().filter(email=email).first()
    if user is None:
        user = _made(actor, provider, claims, email, roles)
    if user.kind != provider.kind:
        raise Refused("You have no account here.")
    if provider.identities.filter(user=user).exists():
        raise Refused("Your account here belongs to another sign-in there.")
    ExternalIdentity.objects.create(provider=provider, subject=claims["sub"], user=user)
    audit.record(
        actions.IDENTITY_LINKED,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=user.client_id,
        after={"provider": provider.label, "subject": claims["sub"]},
    )
    return user


def _verified_address(provider: IdentityProvider, claims: Mapping[str, Any]) -> str:
    email = str(claims.get("email", "")).strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Refused("The provider did not say your address.") from None
    verified = claims.get("email_verified")
    if verified is not True and verified != "true":
        raise Refused("The provider has not verified your address.")
    return email


def _made(
    actor: Actor,
    provider: IdentityProvider,
    claims: Mapping[str, Any],
    email: str,
    roles: list[str],
) -> User:
    """Make somebody new, where the partner wants that and knows what they may do."""
    domain = email.rpartition("@")[2]
    if not provider.creates_people or domain not in provider.domains:
        raise Refused("You have no account here. Ask for an invitation.")
    if not roles:
        raise Refused("You have no role here. Ask whoever manages people.")
    try:
        name = plain_name(str(claims.get("name", "")))[:120]
    except ValidationError:
        name = ""
    return add_person(actor, email=email, name=name or email.partition("@")[0], roles=roles)


def _roles(provider: IdentityProvider, claims: Mapping[str, Any]) -> list[str]:
    """Return the roles that the values of the claim map to."""
    found = claims.get(provider.role_claim, []) if provider.role_claim else []
    values = found if isinstance(found, list) else [found]
    return sorted({provider.roles[str(one)] for one in values if str(one) in provider.roles})


def _give(actor: Actor, provider: IdentityProvider, user: User, roles: list[str]) -> None:
    """Give the roles of the claims; the way in for emergencies keeps its own."""
    if provider.break_glass_id == user.pk:
        return
    if not roles:
        raise Refused("You have no role here. Ask whoever manages people.")
    try:
        set_roles(actor, user, roles)
    except ValidationError as error:  # the last owner stays one
        raise Refused(" ".join(error.messages)) from None


def _let_in(request: HttpRequest, provider: IdentityProvider, user: User) -> sign_in.Outcome:
    method = "single sign-on"
    if provider.has_second_factor:
        sign_in.complete(request, user, method)
        sign_in.note_factor_elsewhere(request)
        return sign_in.Outcome.SIGNED_IN
    return sign_in.proceed(request, user, method)
