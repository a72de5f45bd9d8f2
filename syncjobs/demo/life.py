"""What the partner's people did: a change that went in, one that waits for signatures, a client's
own mapping, and an exception that somebody has taken on. Idempotent.
"""

from collections.abc import Mapping
from time import sleep
from typing import Any

from governance.actors import Actor
from governance.models import ChangeRequest
from governance.services import impacts
from governance.services.signing import approve
from mappings.models import Mapping as MappingRow
from mappings.services.versions import ensure_mapping, propose_version, save_draft
from syncjobs.demo.cast import DemoPartner
from syncjobs.models import Issue
from syncjobs.services.issues import assign_issue, comment_issue
from syncjobs.state import ISSUE
from tenants.accounts.actors import actor_for
from tenants.accounts.models import Client, User

PREVIEW_SECONDS = 60
LINE_TEXT = "sandbox-erp-time-line-out"


def person(partner: DemoPartner, role: str) -> User:
    """Return who has a role."""
    email = next(one.email for one in partner.people if one.role == role)
    return User.objects.get(email=email)


def _with_rule(document: Mapping[str, Any], name: str, **changes: object) -> dict[str, Any]:
    """The document with something else in one of its rules."""
    rules = [{**rule, **changes} if rule["id"] == name else rule for rule in document["rules"]]
    return {**document, "rules": rules}


def _rule(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(rule for rule in document["rules"] if rule["id"] == name)
    return found


def ensure_approved_change(partner: DemoPartner) -> None:
    """The engineer shortened the text of invoice lines; the approver let it in."""
    title = "Shorten the text of invoice lines"
    mapping = MappingRow.objects.get(slug=LINE_TEXT, client=None)
    if mapping.live is None or ChangeRequest.objects.filter(title=title).exists():
        return
    text = str(_rule(mapping.live.document, "description")["expr"])
    document = _with_rule(mapping.live.document, "description", expr=text.replace("300", "200"))
    engineer = actor_for(person(partner, "integration_engineer"))
    request = propose_version(
        engineer,
        save_draft(engineer, mapping, document, note="At most 200 characters"),
        title=title,
        reason="Long task names run over the edge of the printed invoice.",
        ticket="CHG-1038",
    )
    _await_preview(request)
    approver = actor_for(person(partner, "approver"))
    approve(
        approver,
        request.pk,
        content_hash=request.content_hash,
        comment="Checked on three of last month's invoices.",
    )


def _await_preview(request: ChangeRequest) -> None:
    """Let the impact preview be made, here or by a worker that was quicker; it is then part of
    what is signed. Raises TimeoutError."""
    for _ in range(PREVIEW_SECONDS * 5):
        impacts.work_all()
        if not request.changes.filter(impact_due_at__isnull=False).exists():
            request.refresh_from_db()
            return
        sleep(0.2)
    raise TimeoutError(f"The impact preview of “{request.title}” did not come.")


def ensure_waiting_change(partner: DemoPartner, client: Client) -> None:
    """A change that touches a client's money waits for the approver's signature and for theirs."""
    title = f"Round {client.name}'s amounts to the cent before they are sent"
    shared = MappingRow.objects.get(slug=LINE_TEXT, client=None)
    if shared.live is None or ChangeRequest.objects.filter(title=title).exists():
        return
    engineer = actor_for(person(partner, "integration_engineer"))
    own = _own_lines(engineer, shared, client)
    assert own.live is not None
    document = _with_rule(own.live.document, "lineAmount", steps=[{"do": "round", "digits": 2}])
    propose_version(
        engineer,
        save_draft(engineer, own, document, note="Amounts to the cent"),
        title=title,
        reason="Their ERP refuses a third decimal; so far none came by, but nothing stops one.",
        ticket="CHG-1042",
    )


def ensure_own_lines(partner: DemoPartner, client: Client) -> None:
    """A client has invoice lines of its own, so far the same as everybody's."""
    shared = MappingRow.objects.select_related("live").get(slug=LINE_TEXT, client=None)
    if shared.live is not None:
        _own_lines(actor_for(person(partner, "integration_engineer")), shared, client)


def _own_lines(engineer: Actor, shared: MappingRow, client: Client) -> MappingRow:
    assert shared.live is not None
    return ensure_mapping(
        engineer,
        slug=LINE_TEXT,
        name=f"{shared.name}, {client.name}",
        direction=shared.direction,
        canonical=shared.canonical,
        connector=shared.connector,
        object=shared.object,
        makes=shared.makes,
        document=shared.live.document,
        client_id=client.pk,
    )


def take_on_an_exception(partner: DemoPartner) -> None:
    """The support agent has the oldest business exception that nobody has."""
    agent = person(partner, "support_agent")
    if Issue.objects.filter(owner=agent).exists():
        return
    issue = (
        Issue.objects.filter(state__in=ISSUE.open, owner=None, class_name=Issue.Class.BUSINESS)
        .order_by("first_at")
        .first()
    )
    if issue is None:
        return
    actor: Actor = actor_for(agent)
    assign_issue(actor, issue, agent)
    comment_issue(actor, issue, "Asked the client's finance team; they come back this week.")
