"""The end of the audit trail by mail, to people who keep it where nobody here can reach it.

Who gets it changes by a signed request: whoever could take the addresses away quietly could also
cut the trail quietly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from branding.actions import ANCHOR_MAIL_SET
from branding.models import MailSender
from governance.actors import Actor
from governance.appliers import Applier, DiffLine, Risk, reaches_nobody
from governance.errors import InvalidProposal
from governance.hashing import json_hash
from governance.models import Change, ChangeRequest
from governance.permits import require_permit
from governance.services import audit
from governance.services.changes import ProposedChange, propose
from governance.sinks import AnchorLine, Sink, SinkFailed
from tenants import mailing
from tenants.context import current_schema

KIND: Final = "anchor_mail"
TARGET: Final = "addresses"
MOST: Final = 10
EVERY: Final = timedelta(days=1)
# A text in a mail's values is cut after 300 characters.
_PART: Final = 200
_LABEL: Final = "Mail with the end of the audit trail"


def anchor_addresses() -> list[str]:
    """Return who gets the end of this partner's trail; nobody in the operators' schema."""
    if current_schema() == "public":
        return []
    sender = MailSender.objects.order_by("pk").first()
    return [str(one) for one in sender.anchor_to] if sender else []


def propose_anchor_mail(
    actor: Actor, addresses: Sequence[str], *, reason: str, ticket: str = ""
) -> ChangeRequest:
    """Ask for these to get the end of the trail once a day.

    Raises NotPermitted, InvalidProposal.
    """
    actor.require("changes.propose", None)
    wanted = _checked({"addresses": list(addresses)})
    if wanted == anchor_addresses():
        raise InvalidProposal("It goes to exactly these already: nothing would change.")
    return propose(
        actor,
        title="Change who gets the end of the audit trail by mail",
        reason=reason,
        ticket=ticket,
        changes=[ProposedChange(KIND, TARGET, _LABEL, {"addresses": wanted})],
    )


def _checked(content: Mapping[str, object]) -> list[str]:
    """Return the addresses in one spelling, each once. Raises InvalidProposal."""
    given = content.get("addresses")
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise InvalidProposal("Give the addresses as a list of texts.")
    found = sorted({one.strip().lower() for one in given if one.strip()})
    if len(found) > MOST:
        raise InvalidProposal(f"At most {MOST} addresses get it. Take some away.")
    for one in found:
        try:
            validate_email(one)
        except ValidationError as error:
            raise InvalidProposal(
                f"“{one[:80]}” is not an e-mail address. Write one address per line."
            ) from error
    return found


def _apply(change: Change, actor: Actor) -> Mapping[str, object]:
    require_permit(KIND, change.target_id)
    before, wanted = anchor_addresses(), _checked(change.content)
    sender = MailSender.objects.select_for_update().order_by("pk").first() or MailSender()
    sender.anchor_to = wanted
    sender.save()
    audit.record(
        ANCHOR_MAIL_SET,
        object_kind=KIND,
        object_id=TARGET,
        object_label=_LABEL,
        before={"addresses": before},
        after={"addresses": wanted},
    )
    return {"addresses": wanted}


def _diff(change: Change) -> list[DiffLine]:
    before, after = anchor_addresses(), _checked(change.content)
    gone = [DiffLine("-", one) for one in before if one not in after]
    kept = [DiffLine(" ", one) for one in before if one in after]
    return gone + kept + [DiffLine("+", one) for one in after if one not in before]


def _risk(change: Change) -> Risk:
    gone = sorted(set(anchor_addresses()) - set(_checked(change.content)))
    notes = tuple(f"{one} no longer gets what would show that the trail was cut." for one in gone)
    return Risk(notes=notes, weakens=bool(gone))


def _revert(change: Change) -> Mapping[str, object] | None:
    addresses = (change.before or {}).get("addresses")
    return {"addresses": addresses} if isinstance(addresses, list) else None


def _write(line: AnchorLine) -> str:
    """Queue the mails. Raises SinkFailed where none could be."""
    whole = line.as_json()
    parts = [whole[at : at + _PART] for at in range(0, len(whole), _PART)]
    values = {"seal": line.seal, "hash": line.seal_hash, "parts": parts}
    addresses = anchor_addresses()
    for one in addresses:
        who = hashlib.sha256(one.encode()).hexdigest()[:16]
        mailing.send(one, "audit_anchor", values, key=f"anchor {line.seal_hash[:32]} {who}")
    if not addresses:
        raise SinkFailed("Nobody gets the mail any more.")
    return f"mail to {len(addresses)} addresses"


ANCHOR_MAIL: Final = Applier(
    kind=KIND,
    label="Mail of the audit trail",
    apply=_apply,
    diff=_diff,
    risk=_risk,
    base_version=lambda target_id: json_hash({"addresses": anchor_addresses()}),
    snapshot=lambda target_id: {"addresses": anchor_addresses()},
    revert=_revert,
    reaches=reaches_nobody,
)
MAIL_SINK: Final = Sink(
    name="mail",
    label="Mail",
    every=lambda: EVERY,
    is_active=lambda: bool(anchor_addresses()),
    write=_write,
    local=True,
    by_hand=(
        "Nobody here reads these mailboxes. Whoever gets the mail compares it: saved as a file, "
        "with verify_audit and --anchor FILE, or with the program in a proof and --anchors FILE."
    ),
)
