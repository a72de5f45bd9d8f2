"""Looking in DNS whether a domain is its partner's still, now and again and again."""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from governance.actors import Actor
from tenants.context import public_scope
from tenants.domains.dns import DnsSilent, Resolver, current_resolver
from tenants.domains.state import HELD
from tenants.domains.verdict import (
    Pointing,
    Proof,
    Seen,
    Standing,
    Verdict,
    judge,
    pointing_text,
    proof_text,
)
from tenants.models import Domain, Partner
from tenants.services import domain_news
from tenants.services.domain_moves import authorise, locked, move

logger = logging.getLogger(__name__)
SHOWN_VALUES: Final = 3
AGAIN_AFTER: Final = timedelta(seconds=5)
# A claimed check that never reports back (its worker died) is due again after this.
CLAIM: Final = timedelta(minutes=10)
HELD_BY_ANOTHER: Final = "Somebody else has proved this name first, so it cannot be used here."


def _proof(resolver: Resolver, domain: Domain) -> tuple[Proof, tuple[str, ...]]:
    try:
        values = tuple(resolver.text(domain.record_name))
    except DnsSilent:
        return Proof.SILENT, ()
    if domain.token in {value.strip() for value in values}:
        return Proof.FOUND, ()
    return (Proof.DIFFERENT if values else Proof.ABSENT), values[:SHOWN_VALUES]


def _pointing(resolver: Resolver, name: str) -> tuple[Pointing, tuple[str, ...]]:
    try:
        leads = resolver.leads(name)
        if settings.DOMAIN_TARGET in leads.names:
            return Pointing.HERE, ()
        if not leads.addresses:
            return (Pointing.ELSEWHERE if leads.names else Pointing.NOWHERE), leads.names
        ours = settings.DOMAIN_ADDRESSES or resolver.leads(settings.DOMAIN_TARGET).addresses
    except DnsSilent:
        return Pointing.SILENT, ()
    # Every address: with one elsewhere, some visitors would land there.
    here = set(leads.addresses) <= set(ours)
    return (Pointing.HERE if here else Pointing.ELSEWHERE), leads.addresses[:SHOWN_VALUES]


def look(resolver: Resolver, domain: Domain) -> Seen:
    """Return what DNS says about a domain; asks twice to four times, changes nothing."""
    proof, values = _proof(resolver, domain)
    if proof is Proof.SILENT:
        return Seen(proof, Pointing.SILENT)
    pointing, leads_to = _pointing(resolver, domain.domain)
    return Seen(proof, pointing, values, leads_to)


def check_domain(actor: Actor, domain: Domain, resolver: Resolver | None = None) -> Domain:
    """Look at a domain in DNS and let it go where that leads. No transaction may be open:
    DNS can take seconds, so the row is locked only afterwards.
    """
    if not domain.is_checked:
        return domain
    try:
        seen = look(resolver or current_resolver(), domain)
    except DnsSilent:
        seen = Seen(Proof.SILENT, Pointing.SILENT)
    with public_scope(), transaction.atomic():
        row = locked(domain)
        if row.is_checked:
            _settle(actor, row, seen)
    return row


def _settle(actor: Actor, row: Domain, seen: Seen) -> None:
    """Apply what was seen to a locked row."""
    now = timezone.now()
    verdict = judge(_standing(row), seen, now, timedelta(days=settings.DOMAIN_GRACE_DAYS))
    _write_notes(row, seen, verdict, now)
    if row.state == Domain.State.PENDING and _held_by_another(row):
        _stand_back(row)
        return
    try:
        with transaction.atomic():
            for way in verdict.moves:
                before = row.state
                move(actor, row, way)
                transaction.on_commit(partial(domain_news.tell, row.pk, way, before), robust=True)
            row.save()
    except IntegrityError:
        # Another partner proved it in this very moment.
        row.refresh_from_db()
        _stand_back(row)
        transaction.on_commit(partial(domain_news.tell_taken, row.pk), robust=True)
        return
    if "prove" in verdict.moves:
        _tell_others(row)


def _standing(row: Domain) -> Standing:
    return Standing(row.state, row.created_at, row.proved_at, row.failing_since, row.misses)


def _write_notes(row: Domain, seen: Seen, verdict: Verdict, now: datetime) -> None:
    wait = verdict.next_check - now if verdict.next_check else None
    row.proof_note = proof_text(seen, row.record_name, row.token, wait)[:1000]
    row.pointing_note = pointing_text(seen, settings.DOMAIN_TARGET)[:1000]
    row.checked_at, row.check_after, row.misses = now, verdict.next_check, verdict.misses
    if seen.proof is Proof.FOUND:
        row.proved_at = now


def _held_by_another(row: Domain) -> bool:
    return Domain.objects.filter(domain=row.domain, state__in=HELD).exclude(pk=row.pk).exists()


def _stand_back(row: Domain) -> None:
    """Say that another was first, and look again by hand only."""
    row.proof_note, row.pointing_note = HELD_BY_ANOTHER, ""
    row.checked_at, row.check_after = timezone.now(), None
    row.save()


def _tell_others(winner: Domain) -> None:
    """Tell those who wait for the same name that they wait in vain.

    One whose row is locked is being checked just now and finds out by itself; to wait for it
    would be a deadlock, because it waits for us.
    """
    waiting = Domain.objects.filter(domain=winner.domain, state=Domain.State.PENDING)
    free = waiting.exclude(pk=winner.pk).select_for_update(of=("self",), skip_locked=True)
    for row in free:
        _stand_back(row)
        transaction.on_commit(partial(domain_news.tell_taken, row.pk), robust=True)


def check_now(actor: Actor, domain: Domain, resolver: Resolver | None = None) -> Domain:
    """Look at once, for a person who waits. Raises NotPermitted, or ValidationError when it
    was looked at a moment ago or needs no proof.
    """
    authorise(actor, domain.tenant)
    if not domain.is_checked:
        raise ValidationError("There is nothing to prove for this domain.")
    with public_scope(), transaction.atomic():
        row = locked(domain)
        now = timezone.now()
        if row.checked_at is not None and now - row.checked_at < AGAIN_AFTER:
            raise ValidationError("It was checked just now. Wait a few seconds, then check again.")
        row.checked_at = now
        row.save(update_fields=["checked_at"])
    return check_domain(actor, row, resolver)


def claim_due(limit: int = 20) -> list[int]:
    """Return the domains that are due for a check, marked as being checked."""
    now = timezone.now()
    with public_scope(), transaction.atomic():
        due = (
            Domain.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(Q(check_after__lte=now), tenant__status=Partner.Status.ACTIVE)
            .order_by("check_after")
        )
        keys = [row.pk for row in due[:limit]]
        if keys:
            Domain.objects.filter(pk__in=keys).update(check_after=now + CLAIM)
    return keys
