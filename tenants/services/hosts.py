"""A partner's host names as operators set them up: they answer for them, without proof."""

import re
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actors import Actor
from governance.twins import refusing_twins
from tenants.context import public_scope
from tenants.domains.state import HELD
from tenants.models import Domain, Partner
from tenants.services.domain_moves import locked, move
from tenants.services.domains import add_domain

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
LONGEST_HOST = 253


@dataclass(frozen=True)
class HostDraft:
    """A host name for a new partner and what it serves."""

    host: str
    kind: str
    is_primary: bool = False
    state: str = Domain.State.ACTIVE


def checked_host(host: str) -> str:
    """Return a host name in its one spelling. Raises ValidationError, saying what is wrong."""
    name = host.strip().lower().rstrip(".")
    labels = name.split(".")
    if len(name) > LONGEST_HOST or not all(LABEL.fullmatch(label) for label in labels):
        raise ValidationError(
            f"{host!r} is no host name. Write it without scheme and port, as in portal.example.com."
        )
    if len(labels) == 1 or all(label.isdigit() for label in labels):
        raise ValidationError(f"{host!r} needs a domain, as in portal.example.com.")
    if name in settings.OPERATOR_HOSTS:
        raise ValidationError(f"{host!r} is the operators' own host.")
    with public_scope():
        if Domain.objects.filter(domain=name, state__in=HELD).exists():
            raise ValidationError(f"{host!r} is in use already.")
    return name


def add_host(actor: Actor, partner: Partner, host: str, kind: str) -> Domain:
    """Add a host; it serves nothing until it is proved or an operator puts it into service.

    Raises NotPermitted, or ValidationError.
    """
    actor.require("partners.manage")
    return add_domain(actor, partner, host, kind)


def activate_host(actor: Actor, domain: Domain) -> Domain:
    """Serve a host: the operator has seen that it is the partner's and points here.

    Raises NotPermitted, or ValidationError when another partner holds the name.
    """
    actor.require("partners.manage")
    taken = ValidationError(f"{domain.domain} is in use already.")
    with public_scope(), refusing_twins(taken):
        row = locked(domain)
        if row.state != Domain.State.ACTIVE:
            move(actor, row, "vouch")
    return row


def remove_host(actor: Actor, domain: Domain) -> Domain:
    """Stop serving a host. Raises ValidationError for the last active one of its kind."""
    actor.require("partners.manage")
    with public_scope(), transaction.atomic():
        row = locked(domain)
        others = Domain.objects.filter(
            tenant=row.tenant_id, kind=row.kind, state=Domain.State.ACTIVE
        ).exclude(pk=row.pk)
        if row.state == Domain.State.ACTIVE and not others.exists():
            raise ValidationError(
                f"{row.domain} is the only {row.get_kind_display().lower()} host in "
                "service; put another one into service first."
            )
        if row.state != Domain.State.REMOVED:
            move(actor, row, "remove")
    return row
