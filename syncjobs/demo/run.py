"""The demo from the first step to the table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial

from django.utils import timezone

from governance import correlation
from governance.actors import Actor, command_actor
from syncjobs.demo import life, partners, people, processes, quiet, wiring
from syncjobs.demo.cast import DemoPartner
from syncjobs.demo.clients import ClientSystems
from syncjobs.demo.counts import count_since, count_unexplained
from syncjobs.demo.mishaps import Mishaps
from syncjobs.demo.people import SignIn
from syncjobs.demo.setting import Setting
from syncjobs.demo.table import ClientResult
from syncjobs.demo.telling import Teller
from syncjobs.demo.terms import ensure_terms
from syncjobs.models import Issue
from syncjobs.services.shipping import ship_blueprints
from syncjobs.state import ISSUE
from tenants.accounts.models import Client
from tenants.context import schema_scope

# A full month on two slow cores takes minutes; for how long a target is away comes on top.
MOST_SECONDS = 1680.0
FAILURES = (wiring.WiringError, quiet.StuckError)


@dataclass
class Stage:
    """One partner on stage: its schema, its clients and their running systems."""

    cast: DemoPartner
    schema: str
    clients: dict[str, Client]
    systems: dict[str, ClientSystems]
    sign_ins: list[SignIn] = field(default_factory=list)


@dataclass
class Outcome:
    """What came of a run."""

    results: list[ClientResult] = field(default_factory=list)
    new_source_records: int = 0
    invoices_posted: int = 0
    payments_received: Decimal = Decimal("0.00")
    unexplained: int = 0
    mishaps: list[str] = field(default_factory=list)

    def total(self, column: str) -> int:
        """The sum of a column over all clients."""
        return sum(one.counts.total(column) for one in self.results)

    @property
    def exceptions(self) -> int:
        """Open exceptions of all clients."""
        return sum(one.counts.exceptions for one in self.results)

    @property
    def matches(self) -> bool:
        """Whether all control totals of all clients hold."""
        return bool(self.results) and all(one.audit.holds for one in self.results)

    @property
    def is_good(self) -> bool:
        """Whether they hold, and all that was not delivered says why."""
        return self.matches and not self.unexplained

    def as_json(self, partner_count: int, seconds: float) -> dict[str, object]:
        """The last line of a run with --once."""
        return {
            "partners": partner_count,
            "clients": len(self.results),
            "records_read": self.total("read"),
            "delivered": self.total("delivered"),
            "unchanged": self.total("unchanged"),
            "held": self.total("held"),
            "exceptions": self.exceptions,
            "control_totals_match": self.matches,
            "seconds": round(seconds, 1),
            "new_source_records": self.new_source_records,
            "invoices_posted": self.invoices_posted,
            "payments_received": str(self.payments_received),
            "moved_nothing_new": self.total("delivered") == 0,
            "unexplained": self.unexplained,
            "mishaps": len(self.mishaps),
        }


def set_the_stage(
    tell: Teller,
    setting: Setting,
    cast: Sequence[DemoPartner],
    systems: Mapping[str, ClientSystems],
    port: int,
) -> list[Stage]:
    """Partners, people, connections and workflows; what is there already stays."""
    actor = command_actor("demo")
    stages = []
    for one in cast:
        with (
            tell.step(f"{one.product}: brand, prices, people, connections, workflows"),
            correlation.scope(actor=actor, door="command"),
        ):
            stages.append(_set_partner(actor, setting, one, systems, port))
    return stages


def _set_partner(
    actor: Actor,
    setting: Setting,
    cast: DemoPartner,
    systems: Mapping[str, ClientSystems],
    port: int,
) -> Stage:
    partner, _ = partners.ensure_partner(actor, cast)
    mine = {one.firm: systems[one.firm] for one in cast.clients if one.firm in systems}
    with schema_scope(partner.schema_name):
        partners.ensure_look(actor, cast)
        ship_blueprints(actor)  # an older demo may lack some
        tiers = partners.ensure_prices(actor, cast)
        clients = {}
        for one in cast.clients:
            if one.firm in mine:
                clients[one.firm] = partners.ensure_client(
                    actor,
                    one,
                    name=mine[one.firm].name,
                    currency=mine[one.firm].currency,
                    zone=mine[one.firm].zone,
                    tiers=tiers,
                )
        present = people.ensure_people(actor, cast, clients, setting.password)
        for slug, client in clients.items():
            _wire(actor, client, mine[slug])
        life.ensure_approved_change(cast)
        first, *others = clients.values()
        life.ensure_waiting_change(cast, first)
        for client in others:
            life.ensure_own_lines(cast, client)
        ensure_terms(cast, list(clients.values()))
        stage = Stage(cast, partner.schema_name, clients, mine)
        stage.sign_ins = people.sign_ins(cast, present, clients, port)
    return stage


def _wire(actor: Actor, client: Client, systems: ClientSystems) -> None:
    made = {
        endpoint.name: wiring.ensure_connection(actor, client, endpoint)
        for endpoint in systems.endpoints().values()
    }
    bindings = {role: made[endpoint.name] for role, endpoint in systems.endpoints().items()}
    wiring.ensure_workflows(actor, client, bindings, systems.blueprints, systems.overrides)


def play(
    tell: Teller,
    stages: Sequence[Stage],
    worker: processes.Child,
    since: datetime,
    mishaps: Mishaps | None = None,
) -> Outcome:
    """Let the workers do the job, then finance, then the workers again; compare."""
    actor = command_actor("demo")
    schemas = [stage.schema for stage in stages]

    check = partial(_check, stages, worker, mishaps)
    seconds = MOST_SECONDS + (mishaps.seconds if mishaps else 0.0)
    outcome = Outcome()
    outcome.new_source_records = sum(
        one.new_records for stage in stages for one in stage.systems.values()
    )
    with tell.step("Workers read the systems and write what is due"):
        _work(actor, tell, schemas, check, seconds)
    with tell.step("The clients' finance people post invoices and book payments"):
        for stage in stages:
            for one in stage.systems.values():
                done = one.do_office_work()
                outcome.invoices_posted += done.posted
                outcome.payments_received += done.paid
    if outcome.invoices_posted:
        with tell.step("Workers tell invoices and payments back to CRM and PSA"):
            _work(actor, tell, schemas, check, seconds)
    with tell.step("At night, both sides are compared"):
        _work(actor, tell, schemas, check, seconds, night=True)
    for stage in stages:
        with schema_scope(stage.schema):
            life.take_on_an_exception(stage.cast)
            for slug, client in stage.clients.items():
                outcome.results.append(_result(stage, slug, client, since))
            outcome.unexplained += count_unexplained()
    if mishaps is not None:
        outcome.mishaps = mishaps.told()
    return outcome


def _check(stages: Sequence[Stage], worker: processes.Child, mishaps: Mishaps | None) -> None:
    """Let go wrong what is to, and stop where something else did."""
    if mishaps is not None:
        mishaps.look()
    worker.require_alive()
    for stage in stages:
        for one in stage.systems.values():
            one.require_alive()


def _work(
    actor: Actor,
    tell: Teller,
    schemas: Sequence[str],
    check: Callable[[], None],
    seconds: float,
    *,
    night: bool = False,
) -> None:
    begin = timezone.now()
    with correlation.scope(actor=actor, door="command"):
        quiet.start_all(actor, schemas, night=night)
    read_since = None if night else begin
    quiet.wait_until_quiet(
        schemas, begin, read_since, tell=tell.progress, check=check, seconds=seconds
    )


def _result(stage: Stage, slug: str, client: Client, since: datetime) -> ClientResult:
    issues = Issue.objects.filter(client=client, state__in=ISSUE.open).order_by("severity", "pk")
    return ClientResult(
        partner=stage.cast.product,
        client=client.name,
        counts=count_since(client, since),
        audit=stage.systems[slug].audit(),
        open_causes=[_cause(one) for one in issues[:8]],
    )


def _cause(issue: Issue) -> str:
    times = f" ({issue.count} times)" if issue.count > 1 else ""
    return f"{issue.title}{times}"
