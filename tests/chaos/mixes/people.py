"""What people and sources do in a mix: each a method that plays one, drawn from the seed's dice."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from governance import correlation
from governance.errors import BadTransition
from governance.models import AuditEntry
from governance.permits import permit
from mappings.models import Mapping
from mappings.services.versions import publish, save_draft
from syncjobs.connectors import registry
from syncjobs.engine.tidying import tidy
from syncjobs.models import (
    CanonicalRecord,
    Connection,
    Delivery,
    Hold,
    Issue,
    Run,
    Stream,
    Workflow,
)
from syncjobs.services import (
    anew,
    backfills,
    connections,
    corrections,
    deliveries,
    issues,
    replays,
    runs,
)
from syncjobs.services import workflows as flows
from syncjobs.services.catalogue import GONE
from syncjobs.services.hold_releases import release_hold
from syncjobs.state import DELIVERY, ISSUE, NEEDS_PERSON
from tests.chaos.mixes.systems import BEGAN, Source, Target
from tests.chaos.world import World
from tests.syncjobs.factories import BUILDER, CUSTOMER_IN, CUSTOMER_OUT

CUSTOMERS: Final = 4
WHY: Final = "So it was decided."
REV: Final[dict[str, object]] = {"id": "rev", "target": "rev", "constant": "R"}
# What a person is told when something cannot be done now.
REFUSED: Final = (ValidationError, BadTransition)


@dataclass
class People:
    """Everybody but the engine. `told`: what was done, to print where a promise breaks."""

    world: World
    source: Source
    target: Target
    dice: Random
    told: list[str] = field(default_factory=list)
    messages: int = 0
    corrected: int = 0

    def act(self) -> None:
        """Do one thing, whichever the dice say; it is in the audit trail, or was refused."""
        name = self.dice.choices(list(ACTS), list(ACTS.values()))[0]
        what: Callable[[], str | None] = getattr(self, name)
        id_ = f"act-{len(self.told)}"
        place = len(self.told)
        self.told.append(name)
        with correlation.scope(actor=BUILDER, door="command", correlation_id=id_):
            try:
                action = what()
            except REFUSED as error:
                self.told[place] += f" (refused: {error})"
                return
        if action:
            done = AuditEntry.objects.filter(correlation_id=id_, action=action)
            assert done.exists(), f"{name} left no {action} in the audit trail"

    def _one(self, rows: Any) -> Any:
        ids = list(rows.order_by("pk").values_list("pk", flat=True))
        if not ids:
            raise ValidationError("nothing there")
        found = rows.model.objects.get(pk=self.dice.choice(ids))
        self.told[-1] += f" {found.pk}"
        return found

    # --- sources -----------------------------------------------------------------------

    def _row(self, number: int, **changes: Any) -> dict[str, Any]:
        moment = self.source.moment + 1
        row: dict[str, Any] = {"no": f"C-{number}", "name": f"Name {moment}"}
        if self.dice.random() < 0.7:
            row["tax"] = f"T{number}"
        return {"id": f"a{number}", **row, **changes}

    def change(self) -> None:
        """A customer is new or changed."""
        number = self.dice.randrange(CUSTOMERS)
        self.told[-1] += f" C-{number}"
        self.source.say("accounts", f"a{number}", self._row(number))
        self._poll_now()

    def project(self) -> None:
        """A project is new or changed."""
        number = self.dice.randrange(3)
        data = {"code": f"P-{number}", "name": f"Project {self.source.moment + 1}"}
        self.told[-1] += f" P-{number}"
        self.source.say("projects", f"p{number}", {**data, "customer": f"C-{number}"})
        self._poll_now()

    def delete(self) -> None:
        """A customer is deleted with a mark."""
        known = sorted(self.source.state.get("accounts", ()))
        if known:
            id_ = self.dice.choice(known)
            self.told[-1] += f" {id_}"
            row = dict(self.source.state["accounts"][id_][1].data)
            self.source.say("accounts", id_, row, deleted=True)
            self._poll_now()

    def hook(self) -> None:
        """A change comes by webhook, perhaps twice, and perhaps with an older one after it."""
        number = self.dice.randrange(CUSTOMERS)
        self.told[-1] += f" C-{number}"
        self.source.say("accounts", f"a{number}", self._row(number))
        row = dict(self.source.state["accounts"][f"a{number}"][1].data)
        self.messages += 1
        sent = [(row, f"msg_{self.messages}")] * self.dice.choice((1, 1, 2))
        if self.dice.random() < 0.4:
            old = {**row, "name": "Older", "updatedAt": f"{BEGAN:%Y-%m-%dT%H:%M:%SZ}"}
            sent.insert(self.dice.randrange(len(sent) + 1), (old, f"old_{self.messages}"))
        for one, id_ in sent:
            self.world.send(one, id_)

    def _poll_now(self) -> None:
        if self.dice.random() < 0.5:
            flows.run_now(BUILDER, self.world.lab.workflow)

    # --- streams -----------------------------------------------------------------------

    def _stream(self) -> Stream:
        found: Stream = self._one(
            Stream.objects.filter(connection=self.world.lab.source_connection)
        )
        return found

    def read_again(self) -> str:
        connections.read_again(BUILDER, self._stream(), reason=WHY)
        return "stream.reset"

    def lose_cursor(self) -> None:
        """A restored backup, say: the cursor is of long ago."""
        Stream.objects.filter(pk=self._stream().pk).update(cursor=None)

    def compare(self) -> str:
        connections.compare_now(BUILDER, self._stream(), reason=WHY)
        return "stream.compare"

    def confirm(self) -> str:
        connections.confirm_deletions(BUILDER, self._stream(), reason=WHY)
        return "stream.deletions"

    # --- deliveries, exceptions, runs --------------------------------------------------

    def retry(self) -> str:
        rows = Delivery.objects.filter(state__in=DELIVERY.sources("retry"))
        deliveries.retry_delivery(BUILDER, self._one(rows), reason=WHY)
        return "delivery.retried"

    def cancel(self) -> str:
        rows = Delivery.objects.filter(state__in=DELIVERY.sources("cancel"))
        deliveries.cancel_delivery(BUILDER, self._one(rows), reason=WHY)
        return "delivery.cancelled"

    def skip(self) -> str:
        rows = Delivery.objects.filter(state__in=DELIVERY.sources("skip"))
        deliveries.skip_delivery(BUILDER, self._one(rows), reason=WHY)
        return "delivery.skipped"

    def make_again(self) -> str:
        """What is gone in the target is made again: one record, or all of an exception."""
        rows = Delivery.objects.filter(state__in=sorted(NEEDS_PERSON), issue__kind=GONE)
        one = self._one(rows)
        if self.dice.random() < 0.5:
            anew.make_again(BUILDER, one, reason=WHY, doubtful=True)
        else:
            anew.make_issue_again(BUILDER, one.issue, reason=WHY, doubtful=True)
        return "delivery.made_again"

    def skip_gone(self) -> str:
        rows = Issue.objects.filter(kind=GONE, state__in=sorted(ISSUE.open))
        anew.skip_issue(BUILDER, self._one(rows), reason=WHY)
        return "delivery.skipped"

    def release(self) -> str:
        rows = Hold.objects.filter(released_at=None)
        release_hold(BUILDER, self._one(rows), reason=WHY)
        return "delivery.released"

    def replay_one(self) -> str:
        deliveries.replay_delivery(BUILDER, self._one(Delivery.objects.all()), reason=WHY)
        return "delivery.replayed"

    def correct(self) -> str:
        rows = CanonicalRecord.objects.filter(
            type="customer", version__gt=0, client=self.world.lab.client
        )
        self.corrected += 1
        text = f"Corrected {self.corrected}"
        corrections.correct_record(BUILDER, self._one(rows), field="name", text=text, reason=WHY)
        return "record.corrected"

    def retry_all(self) -> str:
        rows = Issue.objects.filter(state__in=sorted(ISSUE.open))
        issues.retry_issue(BUILDER, self._one(rows))
        return "delivery.retried"

    def resolve(self) -> str:
        rows = Issue.objects.filter(state__in=sorted(ISSUE.open))
        issues.resolve_issue(BUILDER, self._one(rows), reason=WHY)
        return "exception.resolved"

    def cancel_run(self) -> str:
        runs.cancel_run(BUILDER, self._one(Run.objects.all()), reason=WHY)
        return "run.cancelled"

    def replay(self) -> str:
        flow = self._flow()
        choice = self.dice.choice(
            (
                replays.Choice(),
                replays.Choice(record=f"C-{self.dice.randrange(CUSTOMERS)}"),
                replays.Choice(since=date(2026, 1, 1)),
            )
        )
        if self.dice.random() < 0.5:
            replays.preview_replay(BUILDER, flow, choice)
        replays.start_replay(BUILDER, flow, choice, reason=WHY)
        return "workflow.replayed"

    def backfill(self) -> str:
        flow = self._flow()
        backfills.start_backfill(
            BUILDER, flow, start=date(2026, 1, 1), reason=WHY, per_minute=self.dice.choice((1, 60))
        )
        return "workflow.backfill"

    def end_backfill(self) -> str:
        backfills.cancel_backfill(BUILDER, self._flow(), reason=WHY)
        return "workflow.backfill_cancelled"

    # --- workflows, mappings, connections ----------------------------------------------

    def _flow(self) -> Workflow:
        rows = Workflow.objects.filter(client=self.world.lab.client)
        found: Workflow = self._one(rows)
        return found

    def pause(self) -> str:
        flows.pause_workflow(BUILDER, self._flow(), reason=WHY)
        return "workflow.paused"

    def resume(self) -> str:
        flows.resume_workflow(BUILDER, self._flow())
        return "workflow.resumed"

    def remap(self) -> str:
        """Another version of the outbound mapping goes live, or the one before again."""
        rules = [*CUSTOMER_OUT, {**REV, "constant": f"R{self.dice.randrange(2)}"}]
        self._publish("customer-out", {"rules": rules})
        return "mapping.published"

    def check(self) -> str:
        """The inbound mapping asks for a tax code from now on, or no more."""
        required = {**CUSTOMER_IN[2], "on_missing": "fail"} if self.dice.random() < 0.4 else None
        rules = [*CUSTOMER_IN[:2], required or CUSTOMER_IN[2], CUSTOMER_IN[3]]
        self._publish("customer-in", {"rules": rules})
        return "mapping.published"

    def _publish(self, slug: str, document: dict[str, Any]) -> None:
        mapping = Mapping.objects.get(slug=slug)
        with transaction.atomic(), permit("mapping_version", str(mapping.pk)):
            draft = save_draft(BUILDER, mapping, document)
            if draft.pk == mapping.live_id:
                raise ValidationError("live already")
            publish(mapping, draft)

    def _connection(self) -> Connection:
        lab = self.world.lab
        ids = [lab.source_connection.pk, lab.target_connection.pk]
        found: Connection = self._one(Connection.objects.filter(pk__in=ids))
        return found

    def switch_off(self) -> str:
        connections.set_enabled(BUILDER, self._connection(), enabled=False, reason=WHY)
        return "connection.disabled"

    def switch_on(self) -> str:
        connections.set_enabled(BUILDER, self._connection(), enabled=True)
        return "connection.enabled"

    def credentials(self) -> str:
        found = self._connection()
        descriptor = registry.connector(found.connector).descriptor
        config = {one.name: "https://erp.example" for one in descriptor.config_fields}
        secret = {one.name: "secret" for one in descriptor.secret_fields}
        connections.change_credentials(BUILDER, found, config=config, secret=secret)
        return "connection.credentials"

    def test(self) -> str:
        connections.test_connection(BUILDER, self._connection())
        return "connection.tested"

    def lose_there(self) -> None:
        """Somebody deletes a record in the target by hand."""
        if self.target.rows:
            self.target.lose(self.dice.choice(sorted(self.target.rows)))

    def tidy(self) -> None:
        tidy()

    # --- the end -----------------------------------------------------------------------

    def mend(self) -> None:
        """Put right all that a person can put right."""
        self.target.share = 0.0
        for flow in Workflow.objects.filter(state="paused"):
            flows.resume_workflow(BUILDER, flow)
        for one in Connection.objects.filter(state="disabled"):
            connections.set_enabled(BUILDER, one, enabled=True)
        for one in Connection.objects.exclude(state="disabled").exclude(connector="sandbox_psa"):
            connections.test_connection(BUILDER, one)
        with suppress(ValidationError):
            self._publish("customer-in", {"rules": CUSTOMER_IN})

    def try_all_again(self) -> None:
        """Have made again what is gone, and retry whatever else failed or is parked."""
        for issue in Issue.objects.filter(kind=GONE, state__in=sorted(ISSUE.open)):
            with suppress(ValidationError):
                anew.make_issue_again(BUILDER, issue, reason=WHY, doubtful=True)
        for row in Delivery.objects.filter(state__in=sorted(NEEDS_PERSON)).order_by("pk"):
            deliveries.retry_delivery(BUILDER, row, reason=WHY)


# What is done, and how often for one of the others.
ACTS: Final = {
    "change": 10,
    "project": 5,
    "delete": 2,
    "hook": 6,
    "read_again": 1,
    "lose_cursor": 1,
    "compare": 1,
    "confirm": 1,
    "retry": 4,
    "cancel": 2,
    "skip": 1,
    "release": 2,
    "replay_one": 2,
    "correct": 3,
    "retry_all": 2,
    "resolve": 2,
    "cancel_run": 2,
    "replay": 2,
    "backfill": 1,
    "end_backfill": 1,
    "pause": 1,
    "resume": 2,
    "remap": 2,
    "check": 2,
    "switch_off": 1,
    "switch_on": 2,
    "credentials": 1,
    "test": 2,
    "lose_there": 2,
    "make_again": 3,
    "skip_gone": 1,
    "tidy": 1,
}
