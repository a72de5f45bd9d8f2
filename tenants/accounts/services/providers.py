"""How single sign-on is set up, and whether a password may still be used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actors import Actor
from governance.services import audit
from tenants import sealing
from tenants.accounts import actions, oidc, saml
from tenants.accounts.models import IdentityProvider, User
from tenants.accounts.names import plain_name
from tenants.accounts.permissions import STAFF_ROLES
from tenants.accounts.services.roles import known_roles
from tenants.context import current_schema
from tenants.nouns import in_words

SHOWN = (
    "protocol", "sign_in_url", "certificate", "email_claim",
    "is_active", "label", "issuer", "client_id", "scopes", "role_claim", "roles",
    "creates_people", "domains", "has_second_factor", "required", "break_glass_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What somebody sets; an empty `secret` keeps the one that is there.

    `roles` maps a value of `role_claim` to a role; `domains` are the parts after the @ of
    addresses that may be created; with SAML, which verifies none, that may come in at all.
    """

    label: str
    issuer: str
    protocol: str = "oidc"
    client_id: str = ""
    secret: str = ""
    sign_in_url: str = ""
    certificate: str = ""
    email_claim: str = ""
    scopes: str = "openid email profile"
    role_claim: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    creates_people: bool = False
    domains: tuple[str, ...] = ()
    has_second_factor: bool = False
    is_active: bool = True
    required: bool = False
    break_glass: User | None = None


def provider_of(kind: str) -> IdentityProvider | None:
    """Return the provider in use for a kind of people, if any."""
    return IdentityProvider.objects.filter(kind=kind, is_active=True).first()


def password_allowed(user: User) -> bool:
    """Say whether somebody may come in by password or passkey, and set a password by link."""
    return only_provider(user) is None


def only_provider(user: User) -> IdentityProvider | None:
    """Return the provider that is somebody's only way in, if there is one."""
    provider = provider_of(user.kind)
    only = provider is not None and provider.required and provider.break_glass_id != user.pk
    return provider if only else None


def refuse_break_glass(user: User) -> None:
    """Raise ValidationError for whoever is the last way in without single sign-on."""
    if IdentityProvider.objects.filter(required=True, break_glass_id=user.pk).exists():
        raise ValidationError(
            f"{user.name} is the way in when single sign-on fails; choose somebody else first."
        )


def secret_place(provider: IdentityProvider) -> sealing.Place:
    """The place that a provider's secret is sealed for."""
    return (current_schema(), "identity_provider", str(provider.uuid), "secret")


def secret_of(provider: IdentityProvider) -> str:
    """Return the client secret. Raises SealError."""
    return sealing.open_text(provider.secret, secret_place(provider)) if provider.secret else ""


def reseal(again: sealing.Again) -> int:
    """Seal the secrets with the partner's new key."""
    rows = IdentityProvider.objects.select_for_update().exclude(secret="").order_by("pk")
    for row in rows:
        row.secret = again(row.secret, secret_place(row))
        row.save(update_fields=["secret"])
    return len(rows)


@transaction.atomic
def set_up(actor: Actor, kind: str, setup: Setup) -> IdentityProvider:
    """Set up single sign-on for staff or clients' people. Raises NotPermitted, ValidationError.

    Whoever decides who comes in as whom hands on everything: it takes all that an owner holds.
    The provider is asked who it is, unless it is switched off. Another issuer or client makes
    everybody's link void: the same subject there may be somebody else.
    """
    for permission in sorted(STAFF_ROLES["owner"][1]):
        actor.require(permission, None)
    _check(kind, setup)
    row = IdentityProvider.objects.select_for_update().filter(kind=kind).first()
    provider = row or IdentityProvider(kind=kind)
    before = {name: getattr(provider, name) for name in SHOWN} if row else {}
    place = (setup.protocol, setup.issuer, setup.client_id)
    moved = row is not None and (row.protocol, row.issuer, row.client_id) != place
    if (moved or not row) and setup.protocol == "oidc" and not setup.secret:
        raise ValidationError({"secret": "The provider's secret is needed."})
    _fill(provider, setup)
    provider.save()
    if moved:
        provider.identities.all().delete()
    old, new = audit.changed_fields(before, {name: getattr(provider, name) for name in SHOWN})
    audit.record(
        actions.PROVIDER_CHANGED,
        object_kind="identity_provider",
        object_id=provider.pk,
        object_label=provider.label,
        before=old,
        after={**new, "key replaced": bool(setup.secret)},
    )
    return provider


def _fill(provider: IdentityProvider, setup: Setup) -> None:
    provider.label, provider.protocol = plain_name(setup.label, "label"), setup.protocol
    provider.sign_in_url, provider.email_claim = setup.sign_in_url, setup.email_claim.strip()
    provider.certificate = (
        saml.plain_certificate(setup.certificate) if setup.protocol == "saml" else ""
    )
    provider.issuer, provider.client_id = setup.issuer, setup.client_id
    provider.scopes = " ".join(dict.fromkeys(["openid", *setup.scopes.split()]))
    provider.role_claim, provider.roles = setup.role_claim.strip(), dict(setup.roles)
    provider.creates_people, provider.domains = setup.creates_people, list(setup.domains)
    provider.has_second_factor, provider.is_active = setup.has_second_factor, setup.is_active
    provider.required, provider.break_glass = setup.required, setup.break_glass
    if setup.secret:
        provider.secret = sealing.seal_text(setup.secret, secret_place(provider))


def _check(kind: str, setup: Setup) -> None:
    if kind not in {User.Kind.STAFF.value, User.Kind.CLIENT.value}:
        raise ValidationError(in_words("Single sign-on is for staff or for clients' people."))
    known = {role.key for role in known_roles(of_client=kind == User.Kind.CLIENT)}
    if unknown := sorted(set(setup.roles.values()) - known):
        raise ValidationError(f"{', '.join(unknown)} is no role here.")
    if setup.roles and not setup.role_claim.strip():
        raise ValidationError({"role_claim": "Name the claim that the values are in."})
    checks = {"oidc": _check_oidc, "saml": _check_saml}.get(setup.protocol)
    if checks is None:
        raise ValidationError({"protocol": "Choose OpenID Connect or SAML."})
    checks(setup)
    _check_creating(kind, setup)
    _check_way_in(kind, setup)


def _check_oidc(setup: Setup) -> None:
    _check_address(setup.issuer, "issuer")
    if not setup.client_id:
        raise ValidationError({"client_id": "The client ID is needed."})
    if not setup.is_active:
        return
    try:
        oidc.discover(setup.issuer, fresh=True)
    except oidc.ProviderFailed as error:
        raise ValidationError({"issuer": str(error)}) from None


def _check_saml(setup: Setup) -> None:
    _check_address(setup.sign_in_url, "sign_in_url")
    if not setup.domains:
        raise ValidationError({"domains": "Say whose addresses may come in."})
    try:
        saml.plain_certificate(setup.certificate)
    except ValueError:
        raise ValidationError({"certificate": "This is no certificate."}) from None


def _check_address(address: str, field_name: str) -> None:
    parts = urlsplit(address)
    schemes = {"https"} if settings.PRODUCTION else {"https", "http"}
    if parts.scheme not in schemes or not parts.hostname or parts.fragment:
        raise ValidationError({field_name: "Write the whole address, starting with https://."})


def _check_creating(kind: str, setup: Setup) -> None:
    if not setup.creates_people:
        return
    if kind == User.Kind.CLIENT:
        raise ValidationError({"creates_people": in_words("Clients' people are invited.")})
    if not setup.domains:
        raise ValidationError({"domains": "Say whose addresses may come in."})
    if not setup.roles:
        raise ValidationError({"role_claim": "Somebody new needs a role: map at least one value."})


def _check_way_in(kind: str, setup: Setup) -> None:
    """Staff must not be shut out by a provider that fails."""
    if not setup.required or kind == User.Kind.CLIENT:
        return
    keeper = setup.break_glass
    fit = keeper is not None and keeper.is_active and "owner" in keeper.roles
    if keeper is None or not fit or not keeper.has_usable_password():
        raise ValidationError(
            {"break_glass": "Choose an owner with a password, for when the provider fails."}
        )
