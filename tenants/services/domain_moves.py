"""How a domain goes from state to state: the move, its marks and its audit entries, together."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from django.utils import timezone

from governance.actions import Action
from governance.actors import Actor
from governance.errors import NotPermitted
from governance.services import audit
from tenants import actions
from tenants.context import current_schema, public_scope, schema_scope
from tenants.domains import state
from tenants.domains.state import Move
from tenants.models import Domain, Partner

OPERATORS: Final = "partners.manage"
OWNERS: Final = "domains.manage"
_ACTIONS: Final = MappingProxyType[tuple[str, Move], Action](
    {
        ("pending", "prove"): actions.HOST_VERIFIED,
        ("failing", "prove"): actions.HOST_RECOVERED,
        ("verified", "lose"): actions.HOST_PROOF_LOST,
        ("active", "lose"): actions.HOST_PROOF_LOST,
    }
)
_OTHERWISE: Final = MappingProxyType[Move, Action](
    {
        "activate": actions.HOST_ACTIVATED,
        "vouch": actions.HOST_ACTIVATED,
        "expire": actions.HOST_REMOVED,
        "remove": actions.HOST_REMOVED,
    }
)


def authorise(actor: Actor, partner: Partner) -> None:
    """Refuse whoever may not change this partner's domains.

    Operators and machinery may for any partner; a partner's person or program only inside
    the partner's own schema. Raises NotPermitted.
    """
    if actor.can(OPERATORS):
        return
    actor.require(OWNERS, None)
    if current_schema() != partner.schema_name:
        raise NotPermitted(f"{actor.label} may not do this for another partner.")


def note(actor: Actor, action: Action, domain: Domain, before: Mapping[str, object] | None) -> None:
    """Write the entry into the partner's trail, and into the operators' what is not a person's
    of the partner: operators never read who works there.
    """
    schemas = [domain.tenant.schema_name]
    if actor.can(OPERATORS):
        schemas.append("public")
    for schema in schemas:
        with schema_scope(schema):
            audit.record(
                action,
                object_kind="domain",
                object_id=domain.pk,
                object_label=domain.domain,
                before=before,
                after={
                    "state": domain.state,
                    "kind": domain.kind,
                    "partner": domain.tenant.slug,
                    "links": domain.is_primary,
                },
            )


def move(actor: Actor, domain: Domain, way: Move) -> None:
    """Take a locked domain one way of the table, in the caller's transaction.

    Raises BadTransition, and IntegrityError when another partner holds the name.
    """
    before = domain.state
    domain.state = state.after(before, way)
    now = timezone.now()
    domain.failing_since = now if domain.state == "failing" else None
    if way == "vouch":
        domain.is_vouched = True
    if domain.is_vouched or domain.state == "removed":
        domain.check_after = None
    if domain.state == "removed":
        domain.is_primary = False
    with public_scope():
        domain.save()
        if way in {"activate", "vouch"}:
            _become_primary(domain)
    action = _ACTIONS.get((before, way)) or _OTHERWISE[way]
    note(actor, action, domain, {"state": before})


def _become_primary(domain: Domain) -> None:
    """Let links use a name of the partner's own, unless one does already."""
    lock_partner(domain)
    primary = Domain.objects.filter(tenant=domain.tenant_id, kind=domain.kind, is_primary=True)
    current = primary.first()
    if not domain.is_own or (current and current.is_own and current.state == "active"):
        return
    primary.update(is_primary=False)
    domain.is_primary = True
    domain.save(update_fields=["is_primary"])


def lock_partner(domain: Domain) -> None:
    """Let nobody else choose the domain for links of this partner until the transaction ends."""
    Partner.objects.select_for_update().get(pk=domain.tenant_id)


def locked(domain: Domain) -> Domain:
    """Return the domain's row, locked; the caller holds the transaction, in the public schema."""
    found: Domain = (
        Domain.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=domain.pk)
    )
    return found
