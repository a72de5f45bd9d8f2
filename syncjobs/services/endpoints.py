"""Addresses for outgoing webhooks: adding, changing, secrets, tests, sending again."""

from collections.abc import Collection, Iterable
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from governance.actions import Action
from governance.actors import Actor
from governance.errors import NotPermitted
from governance.services import audit
from syncjobs import actions
from syncjobs.connectors.egress import AddressRefused, checked_url, refuse_uncallable
from syncjobs.engine.transitions import move_row, move_rows
from syncjobs.models import Endpoint, Message
from syncjobs.services.endpoint_secrets import make_secret
from syncjobs.state import ENDPOINT, MESSAGE
from syncjobs.telling.kinds import KINDS, TEST, kinds_for
from syncjobs.telling.posting import rules_of
from syncjobs.telling.tell import message_row, store_messages
from tenants.accounts.models import Client
from tenants.accounts.names import plain_name
from tenants.nouns import in_words
from tenants.outbox import doorbell

PERMISSION: Final = "webhooks.manage"
MOST: Final = 20
_DIGITS: Final = 12


def visible_endpoints(actor: Actor) -> models.QuerySet[Endpoint]:
    """Return the endpoints that exist for this actor: a client's people see those they keep."""
    rows = Endpoint.objects.select_related("client", "keeper")
    return rows if actor.client_id is None else rows.filter(keeper_id=actor.client_id)


def visible_messages(actor: Actor) -> models.QuerySet[Message]:
    """Return what was sent to the endpoints that exist for this actor."""
    rows = Message.objects.select_related("endpoint")
    return rows if actor.client_id is None else rows.filter(endpoint__keeper_id=actor.client_id)


@transaction.atomic
def add_endpoint(
    actor: Actor,
    *,
    name: str,
    url: str,
    listens: Iterable[str],
    client: Client | None = None,
) -> tuple[Endpoint, str]:
    """Add an endpoint and return it with its secret, which is shown this once.

    client: whose things alone it hears of; a client's people have no choice. Raises
    NotPermitted, ValidationError.
    """
    keeper = actor.client_id
    scope = keeper if keeper is not None else (client.pk if client else None)
    actor.require(PERMISSION, scope)
    if client is not None and client.pk != scope:
        raise NotPermitted(in_words("Your webhooks tell of your own client only."))
    if Endpoint.objects.filter(keeper_id=keeper).count() >= MOST:
        raise ValidationError(f"There are {MOST} endpoints already. Remove one first.")
    endpoint = Endpoint(
        name=plain_name(name),
        url=_checked_address(url, is_ours=keeper is None),
        listens=_checked_kinds(actor, listens, ()),
        client_id=scope,
        keeper_id=keeper,
        made_by_id=actor.user_id,
    )
    secret = make_secret(endpoint)
    _check_fields(endpoint)
    endpoint.save()
    _audit(actions.ENDPOINT_ADDED, endpoint, after=_facts(endpoint))
    return endpoint, secret


@transaction.atomic
def change_endpoint(
    actor: Actor,
    endpoint: Endpoint,
    *,
    name: str | None = None,
    url: str | None = None,
    listens: Iterable[str] | None = None,
    on: bool | None = None,
) -> Endpoint:
    """Change what is given. Switched on again it has a clean slate; what failed stays failed
    until somebody sends it again. Raises NotPermitted, ValidationError."""
    row = _locked(actor, endpoint)
    before = _facts(row)
    if name is not None:
        row.name = plain_name(name)
    if url is not None:
        row.url = _checked_address(url, is_ours=row.keeper_id is None)
    if listens is not None:
        row.listens = _checked_kinds(actor, listens, row.listens)
    _check_fields(row)
    row.save()
    if on is not None and on != row.is_on:
        move_row(
            row,
            ENDPOINT,
            "switch_on" if on else "switch_off",
            state_reason="",
            failing_since=None,
            lease_until=None,
            lease_no=row.lease_no + 1,
        )
    if _facts(row) != before:
        _audit(actions.ENDPOINT_CHANGED, row, before=before, after=_facts(row))
    doorbell.ring_after_commit()
    return row


@transaction.atomic
def rotate_secret(actor: Actor, endpoint: Endpoint) -> str:
    """Make a new secret and return it, which is shown this once. For a day each message is
    signed with the one before, too. Raises NotPermitted."""
    row = _locked(actor, endpoint)
    secret = make_secret(row)
    row.save(update_fields=["secrets"])
    _audit(actions.ENDPOINT_SECRET_MADE, row)
    return secret


@transaction.atomic
def remove_endpoint(actor: Actor, endpoint: Endpoint) -> None:
    """Remove an endpoint and what was sent to it. Raises NotPermitted."""
    row = _locked(actor, endpoint)
    _audit(actions.ENDPOINT_REMOVED, row, before=_facts(row))
    row.delete()


@transaction.atomic
def send_test(actor: Actor, endpoint: Endpoint) -> Message:
    """Store a message that says nothing but that it is a test. Raises NotPermitted,
    ValidationError for an endpoint that is off."""
    row = _locked(actor, endpoint)
    _require_on(row)
    client = row.client_id
    store_messages([message_row(row.pk, TEST, client, {"endpoint": row.name})])
    return Message.objects.filter(endpoint=row, type=TEST).latest("pk")


@transaction.atomic
def send_again(actor: Actor, message: Message) -> Message:
    """Have one message sent again now, with all its attempts, under the same id.

    Raises NotPermitted, ValidationError for an endpoint that is off.
    """
    endpoint = _locked(actor, message.endpoint)
    _require_on(endpoint)
    _again(endpoint, Message.objects.filter(pk=message.pk))
    return Message.objects.get(pk=message.pk)


@transaction.atomic
def send_failed_again(actor: Actor, endpoint: Endpoint) -> int:
    """Have all that failed sent again; return how many. Raises as `send_again`."""
    row = _locked(actor, endpoint)
    _require_on(row)
    return _again(row, Message.objects.filter(endpoint=row, state=MESSAGE.target("fail")))


def _again(endpoint: Endpoint, messages: models.QuerySet[Message]) -> int:
    now = timezone.now()
    count = move_rows(messages, MESSAGE, "send_again", tries=0, due_at=now, ended_at=None)
    if count:
        _audit(actions.MESSAGES_SENT_AGAIN, endpoint, after={"messages": count})
        doorbell.ring_after_commit()
    return count


def _locked(actor: Actor, endpoint: Endpoint) -> Endpoint:
    row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    actor.require(PERMISSION, row.client_id)
    if actor.client_id is not None and row.keeper_id != actor.client_id:
        raise NotPermitted("Somebody else keeps this endpoint.")
    return row


def _require_on(endpoint: Endpoint) -> None:
    if not endpoint.is_on:
        raise ValidationError("This endpoint is off. Switch it on first.")


def _checked_address(url: str, *, is_ours: bool) -> str:
    """Where a name leads is decided at every attempt anew; this refuses what can never be good."""
    try:
        address = checked_url(url.strip())
        refuse_uncallable(address, rules_of(is_ours=is_ours))
    except AddressRefused as error:
        raise ValidationError({"url": str(error)}) from None
    if urlsplit(address).fragment:
        raise ValidationError({"url": "The address must end before any #."})
    return address


def _checked_kinds(actor: Actor, listens: Iterable[str], had: Collection[str]) -> list[str]:
    """Return the kinds in their order. Nobody lets a program hear of what they may not see."""
    wanted = set(listens)
    if unknown := sorted(wanted - set(KINDS)):
        raise ValidationError({"listens": f"There is no {', '.join(unknown)}."})
    allowed = set(kinds_for(actor.permissions)) | set(had)
    if too_much := sorted(wanted - allowed):
        raise ValidationError({"listens": f"You may not see {', '.join(too_much)} yourself."})
    if not wanted:
        raise ValidationError({"listens": "Choose what it hears of."})
    return [kind for kind in KINDS if kind in wanted]


def _check_fields(endpoint: Endpoint) -> None:
    """Raise ValidationError for a name or an address that does not fit its column."""
    others = {one.name for one in Endpoint._meta.get_fields()} - {"name", "url"}
    endpoint.clean_fields(exclude=others)


def _facts(endpoint: Endpoint) -> dict[str, object]:
    """Return what the trail keeps: of the address its host, as the rest may hold a key, and a
    digest, which shows a change of that rest."""
    return {
        "name": endpoint.name,
        "host": endpoint.host,
        "address_sha256": sha256(endpoint.url.encode()).hexdigest()[:_DIGITS],
        "listens": list(endpoint.listens),
        "state": endpoint.state,
    }


def _audit(
    action: Action,
    endpoint: Endpoint,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        action,
        object_kind="endpoint",
        object_id=endpoint.pk,
        object_label=endpoint.name,
        client_id=endpoint.keeper_id,
        before=before or {},
        after=after or {},
    )
