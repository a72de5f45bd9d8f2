"""What a new partner still has to do, looked up in one query and in none once it is done."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db.models import Exists, Q, Subquery
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from branding.models import Brand
from branding.palette import DEFAULT_PRIMARY
from governance.models import Change
from governance.requests import actor_of
from syncjobs.indicators.throughput import DONE
from syncjobs.models import Connection, Delivery, Workflow
from syncjobs.services.workflows import KIND as WORKFLOW
from tenants.accounts.models import Client, User
from tenants.models import Domain, Partner
from tenants.nouns import in_words
from tenants.services.onboarding import OPTIONAL, PERMISSION, is_closed, note_done


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. address: where, empty for who may not, or where there is no page.
    optional: it can be said that it is not needed. waits: for what, where it was proposed."""

    key: str
    title: str
    text: str
    done: bool
    address: str
    optional: bool
    waits: str = ""


@dataclass(frozen=True, slots=True)
class Checklist:
    """The steps in their order."""

    steps: list[Step]
    may_dismiss: bool

    @property
    def done(self) -> int:
        """How many are done."""
        return sum(step.done for step in self.steps)

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.steps)


# A partner starts with a live brand of its name, in neutral colours.
_OWN_BRAND: Final = Q(state=Brand.State.RETIRED) | (
    Q(state=Brand.State.LIVE) & (~Q(logo="") | ~Q(primary=DEFAULT_PRIMARY))
)
_COLLEAGUES: Final = User.objects.filter(kind=User.Kind.STAFF, is_active=True)
# What was proposed and is not live is done by its author and waits for somebody else.
_WAITS: Final = {
    "submitted": "Waiting for approval",
    "approved": "Approved, not live yet",
    "scheduled": "Scheduled",
}
_PROPOSED: Final = Change.objects.filter(kind=WORKFLOW, request__status__in=_WAITS).order_by("-pk")
# key, title, what it is for, the page, who may open it
_STEPS: Final = (
    ("brand", "Set your brand", "Name, logo and colours.", "brand_edit", "brand.manage"),
    ("domain", "Use your own domain", "Or keep the one you have.", "domain_list", "domains.manage"),
    (
        "people",
        "Invite a colleague",
        "Somebody else approves what you change.",
        "person_invite",
        "users.manage",
    ),
    ("client", "Add the first client", "A firm you work for.", "client_add", "clients.manage"),
    (
        "connection",
        "Connect a system",
        "A client’s CRM, PSA or ERP.",
        "connection_catalogue",
        "connections.manage",
    ),
    (
        "workflow",
        "Install a workflow",
        "From a blueprint, for one client.",
        "workflow_install",
        "workflows.manage",
    ),
    (
        "delivery",
        "See the first record go through",
        "It shows here by itself.",
        "run_list",
        "workflows.view",
    ),
)


def checklist(request: HttpRequest) -> Checklist | None:
    """Return what is to be done; None when it has gone, or is nothing for this person."""
    partner = getattr(request, "tenant", None)
    if not isinstance(partner, Partner) or is_closed(partner):
        return None
    actor = actor_of(request)
    if not any(actor.can(permission) for *_, permission in _STEPS[:-1]):
        return None
    done, proposed = _standing(partner, actor.id)
    if all(done.values()):
        note_done(partner)
        return None
    steps = [
        Step(
            key,
            in_words(title),
            in_words(text),
            done[key],
            "" if done[key] else _address(request, page, permission),
            key in OPTIONAL,
            _WAITS.get(proposed, "") if key == "workflow" and not done[key] else "",
        )
        for key, title, text, page, permission in _STEPS
    ]
    return Checklist(steps, actor.can(PERMISSION))


def _standing(partner: Partner, user_id: int | None) -> tuple[dict[str, bool], str]:
    """Return step → whether it is done, and the state of a proposed installation, "" for none.

    One query, hung on the person who asks.
    """
    own = Domain.objects.filter(tenant_id=partner.pk).exclude(
        Q(domain__endswith=f".{settings.PLATFORM_DOMAIN}") | Q(state=Domain.State.REMOVED)
    )
    parts = {
        "brand": Exists(Brand.objects.filter(_OWN_BRAND)),
        "domain": Exists(own),
        "people": Exists(_COLLEAGUES.exclude(pk=user_id or 0)),
        "client": Exists(Client.objects.all()),
        "connection": Exists(Connection.objects.all()),
        "workflow": Exists(Workflow.objects.all()),
        "delivery": Exists(Delivery.objects.filter(state__in=DONE)),
    }
    proposed = Subquery(_PROPOSED.values("request__status")[:1])
    *found, state = User.objects.filter(pk=user_id or 0).values_list(*parts.values(), proposed)[0]
    done = dict(zip(parts, found, strict=True))
    done |= {step: True for step, key in OPTIONAL.items() if key in partner.onboarding}
    return done, state or ""


def _address(request: HttpRequest, page: str, permission: str) -> str:
    if not actor_of(request).can(permission):
        return ""
    try:
        return reverse(page)
    except NoReverseMatch:
        return ""
