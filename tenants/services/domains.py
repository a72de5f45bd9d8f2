"""A partner's own domains: adding, choosing the one for links, serving, removing."""

import secrets
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from governance.actors import Actor
from governance.errors import BadTransition
from governance.twins import refusing_twins
from tenants import actions
from tenants.context import public_scope
from tenants.domains.names import NameRefused, clean_name, is_under
from tenants.domains.state import HELD
from tenants.models import Domain, Partner
from tenants.services.domain_moves import authorise, lock_partner, locked, move, note

TOKEN_BYTES: Final = 24
# Bounds what a partner can have us ask of DNS.
MOST_DOMAINS: Final = 50
ADDED: Final = "You have added this name already."
TAKEN: Final = "This name is in use already. If it is yours, write to support."


def checked_domain(text: str) -> str:
    """Return a name that a partner may ask for, in its one spelling. Raises ValidationError."""
    try:
        name = clean_name(text)
    except NameRefused as error:
        raise ValidationError(str(error)) from error
    ours = {settings.DOMAIN_TARGET, *settings.OPERATOR_HOSTS}
    if is_under(name, settings.PLATFORM_DOMAIN) or name in ours:
        raise ValidationError("This name belongs to the platform. Give one of your own.")
    return name


def own_domains(partner: Partner) -> QuerySet[Domain]:
    """Return a partner's rows, those taken out of service left out."""
    return Domain.objects.filter(tenant=partner).exclude(state=Domain.State.REMOVED)


def add_domain(actor: Actor, partner: Partner, name: str, kind: str) -> Domain:
    """Add a name that waits for its proof and serves nothing yet.

    Two partners may wait for the same name; the first who proves it has it.
    Raises NotPermitted, or ValidationError by field.
    """
    authorise(actor, partner)
    if kind not in Domain.Kind.values:
        raise ValidationError({"kind": f"Use one of {', '.join(Domain.Kind.values)}."})
    try:
        domain = checked_domain(name)
        with public_scope(), refusing_twins(ValidationError(ADDED)):
            _refuse_double(partner, domain)
            now = timezone.now()
            added: Domain = Domain.objects.create(
                domain=domain,
                tenant=partner,
                kind=kind,
                state=Domain.State.PENDING,
                token=secrets.token_urlsafe(TOKEN_BYTES),
                check_after=now,
            )
            note(actor, actions.HOST_ADDED, added, None)
    except ValidationError as error:
        raise ValidationError({"domain": error.messages}) from error
    return added


def _refuse_double(partner: Partner, name: str) -> None:
    if own_domains(partner).filter(domain=name).exists():
        raise ValidationError(ADDED)
    if Domain.objects.filter(domain=name, state__in=HELD).exists():
        raise ValidationError(TAKEN)
    if own_domains(partner).count() >= MOST_DOMAINS:
        raise ValidationError(f"There are {MOST_DOMAINS} names already. Remove one first.")


def activate_domain(actor: Actor, domain: Domain) -> Domain:
    """Serve a proved name by its owner's word, wherever it seems to point.

    Raises NotPermitted, or ValidationError when it is not proved.
    """
    authorise(actor, domain.tenant)
    with public_scope(), transaction.atomic():
        row = locked(domain)
        if row.state == Domain.State.ACTIVE:
            return row
        try:
            move(actor, row, "activate")
        except BadTransition as error:
            raise ValidationError(str(error)) from error
    return row


def remove_domain(actor: Actor, domain: Domain) -> Domain:
    """Stop serving a name at once; removing it twice changes nothing.

    Raises NotPermitted, or ValidationError for the platform's own hosts.
    """
    authorise(actor, domain.tenant)
    if not domain.is_own:
        raise ValidationError("The platform's own address stays; only the operator removes it.")
    with public_scope(), transaction.atomic():
        row = locked(domain)
        if row.state != Domain.State.REMOVED:
            move(actor, row, "remove")
    return row


def choose_for_links(actor: Actor, domain: Domain) -> Domain:
    """Let mails and invitations use this name for its door.

    Raises NotPermitted, or ValidationError when it is not in service.
    """
    authorise(actor, domain.tenant)
    with public_scope(), transaction.atomic():
        row = locked(domain)
        if row.state != Domain.State.ACTIVE:
            raise ValidationError("Only a domain in service can be used for links.")
        if row.is_primary:
            return row
        lock_partner(row)
        others = Domain.objects.filter(tenant=row.tenant_id, kind=row.kind, is_primary=True)
        others.update(is_primary=False)
        row.is_primary = True
        row.save(update_fields=["is_primary"])
        note(actor, actions.HOST_PRIMARY, row, {"links": False})
    return row
