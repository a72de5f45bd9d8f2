"""Files that belong to a change: an offer, a client's mail, a test's result. They are not part of
what is signed; their names and fingerprints are part of the audit trail and the evidence."""

import hashlib

from django.db import transaction

from governance.actions import CHANGE_ATTACHED
from governance.actors import Actor
from governance.errors import BadTransition, InvalidProposal, NotPermitted
from governance.files import MOST_FILES, MOST_OF_ONE, FileRefused, checked_file
from governance.models import Attachment, ChangeRequest
from governance.services.requests import load_request, record_step


@transaction.atomic
def attach(actor: Actor, request_id: int, *, name: str, content: bytes) -> ChangeRequest:
    """Add a file to a request that something can still become of, or that awaits its review.

    Nothing takes it away again. Raises NotPermitted, BadTransition, InvalidProposal,
    ChangeRequest.DoesNotExist.
    """
    request = load_request(actor, request_id, lock=True)
    if not actor.can("changes.propose", request.client_id):
        actor.require("changes.approve", request.client_id)
    if actor.kind != "person":
        raise NotPermitted("Only a person who has signed in attaches a file.")
    if not (request.is_open or request.awaits_review):
        raise BadTransition("This change is closed; nothing can be attached to it any more.")
    number = request.attachments.count() + 1
    if number > MOST_FILES:
        raise InvalidProposal(f"A change holds {MOST_FILES} files at most.")
    label = actor.label[:200]
    # So nobody takes the places of the others: what is attached stays.
    if request.attachments.filter(by_label=label).count() >= MOST_OF_ONE:
        raise InvalidProposal(f"You have attached {MOST_OF_ONE} files, which is the most.")
    try:
        fit, kind = checked_file(name, content)
    except FileRefused as refused:
        raise InvalidProposal(str(refused)) from refused
    made = Attachment.objects.create(
        request=request,
        number=number,
        name=fit,
        kind=kind,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        by_label=label,
    )
    record_step(
        CHANGE_ATTACHED,
        request,
        after={"number": number, "name": fit, "size": made.size, "sha256": made.sha256},
        reason=fit,
    )
    return request


def attachments_of(request: ChangeRequest) -> list[Attachment]:
    """Return what is attached, without the contents."""
    return list(request.attachments.defer("content"))


def open_attachment(actor: Actor, request_id: int, number: int) -> Attachment:
    """Return one with its content. Raises NotPermitted, BadTransition for content that is not
    what was attached, ChangeRequest.DoesNotExist, Attachment.DoesNotExist."""
    request = load_request(actor, request_id)
    actor.require("changes.view", request.client_id)
    found: Attachment = request.attachments.get(number=number)
    if hashlib.sha256(bytes(found.content)).hexdigest() != found.sha256:
        raise BadTransition("The file is not what was attached: it was altered in the database.")
    return found
