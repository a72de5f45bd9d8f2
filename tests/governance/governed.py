"""A governed kind for the tests (the currency of a client), and short ways to its steps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from governance.actors import Actor
from governance.appliers import Applier, DiffLine, Risk
from governance.models import AuditEntry, Change, ChangeRequest
from governance.services import changes
from tenants.accounts.models import Client

KIND = "client_currency"
MAPPING = "mapping_version"  # the kind that the starting policies single out


@dataclass
class Knob:
    """What the applier of the test does beside its work."""

    after_write: Callable[[], None] = field(default=lambda: None)


def _currency_of(target_id: str) -> str:
    return Client.objects.get(pk=int(target_id)).currency


def _set_currency_of(change: Change, knob: Knob) -> Mapping[str, object]:
    Client.objects.filter(pk=int(change.target_id)).update(currency=change.content["currency"])
    knob.after_write()
    return {"currency": change.content["currency"]}


def applier_of(kind: str, knob: Knob) -> Applier:
    return Applier(
        kind=kind,
        label="Currency of a client",
        apply=lambda change, actor: _set_currency_of(change, knob),
        diff=lambda change: [
            DiffLine("-", f"currency: {_currency_of(change.target_id)}"),
            DiffLine("+", f"currency: {change.content['currency']}"),
        ],
        risk=lambda change: Risk(
            touches_money=bool(change.content.get("money")), notes=("It alters an amount.",)
        ),
        base_version=_currency_of,
        snapshot=lambda target_id: {"currency": _currency_of(target_id)},
        revert=lambda change: {**change.content, "currency": (change.before or {})["currency"]},
    )


def proposal(
    client: Client, currency: str, *, kind: str = MAPPING, money: bool = True
) -> changes.ProposedChange:
    """Return a change of a client's currency."""
    return changes.ProposedChange(
        kind=kind,
        target_id=str(client.pk),
        target_label=f"Currency of {client.name}",
        content={"currency": currency, "money": money},
        client_id=client.pk,
    )


def propose(
    actor: Actor, client: Client, currency: str = "USD", *, money: bool = True
) -> ChangeRequest:
    """Propose another currency for a client."""
    return changes.propose(
        actor,
        title=f"Bill {client.name} in {currency}",
        reason="They moved.",
        changes=[proposal(client, currency, money=money)],
    )


def approve(actor: Actor, request: ChangeRequest, comment: str = "") -> ChangeRequest:
    """Sign a request as it was read."""
    return changes.approve(actor, request.pk, content_hash=request.content_hash, comment=comment)


def currency(client: Client) -> str:
    """Return what is live."""
    return Client.objects.get(pk=client.pk).currency


def steps(request: ChangeRequest) -> list[str]:
    """Return the actions that the trail has of a request, in order."""
    entries = AuditEntry.objects.filter(object_kind="change_request", object_id=str(request.pk))
    return list(entries.order_by("id").values_list("action", flat=True))
