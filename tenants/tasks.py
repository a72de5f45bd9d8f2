"""What the queue runs for partners' domains. A lost or doubled task costs nothing."""

from governance import correlation
from governance.actors import task_actor
from tenants import queue
from tenants.context import public_scope
from tenants.models import Domain
from tenants.services.domain_checks import check_domain as check
from tenants.services.domain_checks import claim_due


def check_domain(pk: int) -> str:
    """Look at one domain in DNS."""
    with public_scope():
        domain = Domain.objects.select_related("tenant").filter(pk=pk).first()
        if domain is None:
            return f"{pk}: no such domain"
        actor = task_actor("worker")
        with correlation.scope(actor=actor, door="task"):
            return f"{domain.domain}: {check(actor, domain).state}"


def ring_due_domains() -> int:
    """Send a task for each domain that is due for a look; return how many."""
    due = claim_due()
    for pk in due:
        queue.send("tenants.tasks.check_domain", pk, name=f"domain {pk}")
    return len(due)
