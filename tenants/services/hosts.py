"""A partner's host names: adding, putting into service, taking out."""

import re
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actions import Action
from governance.actors import Actor
from governance.services import audit
from tenants import actions
from tenants.context import public_scope
from tenants.models import Domain, Partner

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
        if Domain.objects.filter(domain=name).exists():
            raise ValidationError(f"{host!r} is in use already.")
    return name


def _forget(host: str) -> None:
    """Let the next request look the host up again (other processes: within seconds)."""
    with public_scope():
        cache.delete(f"host:{host}")


def _noted(action: Action, domain: Domain, before: str) -> None:
    audit.record(
        action,
        object_kind="domain",
        object_id=domain.pk,
        object_label=str(domain.domain),
        before={"state": before} if before else None,
        after={"state": domain.state, "kind": domain.kind, "partner": domain.tenant.slug},
    )


def add_host(actor: Actor, partner: Partner, host: str, kind: str) -> Domain:
    """Add a host; it waits for proof that it is the partner's and serves nothing yet.

    Raises NotPermitted, or ValidationError.
    """
    actor.require("partners.manage")
    if kind not in Domain.Kind.values:
        raise ValidationError({"kind": f"Use one of {', '.join(Domain.Kind.values)}."})
    with public_scope(), transaction.atomic():
        domain: Domain = Domain.objects.create(
            domain=checked_host(host),
            tenant=partner,
            is_primary=False,
            kind=kind,
            state=Domain.State.PENDING,
        )
        _noted(actions.HOST_ADDED, domain, "")
    return domain


def _set_state(actor: Actor, domain: Domain, state: str, action: Action) -> Domain:
    actor.require("partners.manage")
    with public_scope(), transaction.atomic():
        locked: Domain = Domain.objects.select_for_update(of=("self",)).get(pk=domain.pk)
        before = locked.state
        if before != state:
            locked.state = state
            locked.save(update_fields=["state"])
            _noted(action, locked, before)
    _forget(str(locked.domain))
    return locked


def activate_host(actor: Actor, domain: Domain) -> Domain:
    """Serve a host: the operator has seen that it is the partner's and points here."""
    return _set_state(actor, domain, Domain.State.ACTIVE, actions.HOST_ACTIVATED)


def remove_host(actor: Actor, domain: Domain) -> Domain:
    """Stop serving a host. Raises ValidationError for the last active one of its kind."""
    actor.require("partners.manage")
    with public_scope():
        others = Domain.objects.filter(
            tenant=domain.tenant_id, kind=domain.kind, state=Domain.State.ACTIVE
        ).exclude(pk=domain.pk)
        if domain.state == Domain.State.ACTIVE and not others.exists():
            raise ValidationError(
                f"{domain.domain} is the only {domain.get_kind_display().lower()} host in "
                "service; put another one into service first."
            )
    return _set_state(actor, domain, Domain.State.REMOVED, actions.HOST_REMOVED)
