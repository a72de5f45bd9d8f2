"""Mappings whose rules the product ships in a newer version than the partner has live.

They hold for every client, so they go live by a request of the partner's own; a client's overlay
follows or, where it does not fit any more, is named and keeps them back (`mappings`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actors import Actor
from governance.appliers import DiffLine
from governance.models import Change, ChangeRequest
from governance.state import OPEN
from mappings.diff import diff
from mappings.documents import document_hash, plain_document
from mappings.models import Mapping
from mappings.services.checking import Refused
from mappings.services.versions import KIND, propose_versions, save_draft
from syncjobs.services.blueprints import slug_of
from syncjobs.shipped import is_shipped_mapping, shipped_hash, shipped_mapping


@dataclass(frozen=True)
class NewerMapping:
    """What a shipped mapping changes of the partner's live one.

    is_edited: the partner changed its rules itself, so that it has to choose.
    request: the open change request that concerns the mapping, None for none.
    """

    mapping: Mapping
    document: dict[str, object]
    is_edited: bool
    lines: list[DiffLine]
    request: int | None = None

    @property
    def is_due(self) -> bool:
        """Whether it goes along without anybody having to choose."""
        return not self.is_edited and self.request is None


def newer_mappings(named: Collection[tuple[str, str]]) -> list[NewerMapping]:
    """Return the newer ones of the mappings with these (folder, short name), by name."""
    places = {slug_of(folder, name): (folder, name) for folder, name in named}
    rows = Mapping.objects.filter(client=None, slug__in=sorted(places)).exclude(live=None)
    behind = [
        row
        for row in rows.select_related("live").order_by("name", "pk")
        if row.live is not None and shipped_hash(*places[row.slug]) not in ("", row.live.hash)
    ]
    open_ = _open_requests([str(row.pk) for row in behind]) if behind else {}
    return [_newer(row, *places[row.slug], open_.get(str(row.pk))) for row in behind]


def _newer(row: Mapping, folder: str, name: str, request: int | None) -> NewerMapping:
    shipped = shipped_mapping(folder, name)
    assert shipped is not None, "only what has a hash is asked for"
    assert row.live is not None
    document = plain_document(shipped["document"])
    # The first version is starting content; only later ones are somebody's work, or a newer
    # shipped one.
    is_edited = row.live.number > 1 and not is_shipped_mapping(folder, name, row.live.hash)
    lines = [DiffLine(one.sign, one.text) for one in diff(row.live.document, document)]
    moved = [one for one in lines if one.sign != " "]
    return NewerMapping(row, document, is_edited, moved, request)


def _open_requests(targets: Sequence[str]) -> dict[str, int]:
    rows = Change.objects.filter(kind=KIND, target_id__in=targets, request__status__in=sorted(OPEN))
    return dict(rows.values_list("target_id", "request_id"))


@transaction.atomic
def propose_newer_mappings(
    actor: Actor, wanted: Sequence[NewerMapping], *, title: str, reason: str
) -> ChangeRequest:
    """Ask for newer rules to go live, all by one request of the partner's.

    Raises NotPermitted, ValidationError naming the mapping and, where one does not fit, the
    client's rules over it; governance's refusals.
    """
    if not wanted:
        raise ValidationError("Choose a mapping.")
    versions = []
    for one in wanted:
        if one.request is not None:
            raise ValidationError(f"{one.mapping.name} waits for signatures: {one.request}.")
        try:
            version = save_draft(actor, one.mapping, one.document, note=reason)
        except Refused as error:
            said = " ".join(error.messages)
            raise ValidationError(f"{one.mapping.name} does not fit here: {said}") from error
        assert version.hash == document_hash(one.document)
        version.mapping = one.mapping
        versions.append(version)
    return propose_versions(actor, versions, title=title, reason=reason)
