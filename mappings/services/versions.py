"""Drafting, proposing and publishing versions of a mapping.

A version goes live through change control (kind `mapping_version`) or, as starting content,
through `ensure_mapping`; there is no third way.
"""

from collections.abc import Mapping as Record

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from governance.actors import Actor
from governance.models import ChangeRequest
from governance.services import audit, changes
from mappings import actions
from mappings.documents import MappingError, document_hash
from mappings.engine import compile_mapping
from mappings.models import Mapping, MappingVersion

KIND = "mapping_version"


def live_version(slug: str, client_id: int) -> MappingVersion | None:
    """Return the live version that a client uses: its own mapping's, else the partner's."""
    mapping = (
        Mapping.objects.filter(Q(client_id=client_id) | Q(client=None), slug=slug)
        .exclude(live=None)
        .select_related("live")
        .order_by("client_id")
        .first()
    )
    if mapping is None or mapping.live is None:
        return None
    mapping.live.mapping = mapping
    return mapping.live


def live_versions(client_id: int) -> dict[str, MappingVersion]:
    """Return all live versions that a client uses, by slug, in one query."""
    found: dict[str, MappingVersion] = {}
    rows = (
        Mapping.objects.filter(Q(client_id=client_id) | Q(client=None))
        .exclude(live=None)
        .select_related("live")
        .order_by("client_id")
    )
    for mapping in rows:
        if mapping.live is not None:
            mapping.live.mapping = mapping
            found.setdefault(mapping.slug, mapping.live)
    return found


def validated(mapping: Mapping, document: Record[str, object]) -> None:
    """Raise ValidationError with every problem of a document."""
    try:
        compile_mapping(document, object_type=mapping.object_type)
    except MappingError as error:
        raise ValidationError([str(one) for one in error.problems]) from error


def _next_version(
    mapping: Mapping, document: Record[str, object], actor: Actor, note: str
) -> MappingVersion:
    last = mapping.versions.aggregate(last=Max("number"))["last"] or 0
    version = MappingVersion(
        mapping=mapping,
        number=last + 1,
        document=dict(document),
        note=note,
        author_id=actor.user_id,
        author_label=actor.label,
    )
    version.save()
    return version


@transaction.atomic
def save_draft(
    actor: Actor, mapping: Mapping, document: Record[str, object], *, note: str = ""
) -> MappingVersion:
    """Keep a new version as a draft. The same content as the newest one is that one.

    Raises NotPermitted, or ValidationError with every problem.
    """
    actor.require("mappings.edit", mapping.client_id)
    validated(mapping, document)
    locked = Mapping.objects.select_for_update().get(pk=mapping.pk)
    newest = locked.versions.first()
    if newest is not None and newest.hash == document_hash(document):
        return newest
    version = _next_version(locked, document, actor, note)
    audit.record(
        actions.MAPPING_DRAFTED,
        object_kind="mapping",
        object_id=locked.pk,
        object_label=locked.name,
        client_id=locked.client_id,
        after={"version": version.number, "hash": version.hash},
    )
    return version


@transaction.atomic
def propose_version(
    actor: Actor, version: MappingVersion, *, title: str, reason: str, ticket: str = ""
) -> ChangeRequest:
    """Ask for a draft to go live. Raises NotPermitted, ValidationError, governance's refusals."""
    mapping = version.mapping
    actor.require("changes.propose", mapping.client_id)
    if mapping.live is not None and mapping.live.hash == version.hash:
        raise ValidationError("This version is the same as the live one.")
    request = changes.propose(
        actor,
        title=title,
        reason=reason,
        ticket=ticket,
        changes=[
            changes.ProposedChange(
                kind=KIND,
                target_id=str(mapping.pk),
                target_label=mapping.name,
                content={
                    "version": version.pk,
                    "number": version.number,
                    "hash": version.hash,
                    "document": version.document,
                },
                client_id=mapping.client_id,
                editor_ids=(version.author_id,) if version.author_id else (),
            )
        ],
    )
    MappingVersion.objects.filter(pk=version.pk, state=MappingVersion.State.DRAFT).update(
        state=MappingVersion.State.PROPOSED, change_request=request.pk
    )
    audit.record(
        actions.MAPPING_PROPOSED,
        object_kind="mapping",
        object_id=mapping.pk,
        object_label=mapping.name,
        client_id=mapping.client_id,
        after={"version": version.number, "change_request": request.pk},
        reason=reason,
    )
    return request


def publish(mapping: Mapping, version: MappingVersion) -> None:
    """Make a version live inside the transaction of change control or of starting content."""
    states = MappingVersion.State
    before = mapping.live
    if before is not None:
        MappingVersion.objects.filter(pk=before.pk).update(state=states.RETIRED)
    MappingVersion.objects.filter(pk=version.pk).update(state=states.LIVE, live_at=timezone.now())
    Mapping.objects.filter(pk=mapping.pk).update(live=version, updated_at=timezone.now())
    audit.record(
        actions.MAPPING_PUBLISHED,
        object_kind="mapping",
        object_id=mapping.pk,
        object_label=mapping.name,
        client_id=mapping.client_id,
        before={"version": before.number, "hash": before.hash} if before else None,
        after={"version": version.number, "hash": version.hash},
    )


@transaction.atomic
def ensure_mapping(
    actor: Actor,
    *,
    slug: str,
    name: str,
    direction: str,
    canonical: str,
    document: Record[str, object],
    connector: str = "",
    object: str = "",  # noqa: A002  the model's word
    makes: str = "",
    client_id: int | None = None,
) -> Mapping:
    """Make a mapping with its first version live, as starting content; once.

    A mapping that exists is returned as it is: from then on change control decides.
    Raises ValidationError with every problem of the document.
    """
    mine = Q(client=None) if client_id is None else Q(client_id=client_id)
    found = Mapping.objects.filter(mine, slug=slug).first()
    if found is not None:
        return found
    actor.require("mappings.edit", client_id)
    mapping = Mapping(
        slug=slug,
        name=name,
        direction=direction,
        canonical=canonical,
        connector=connector,
        object=object,
        makes=makes,
        client_id=client_id,
    )
    validated(mapping, document)
    mapping.full_clean()
    mapping.save()
    audit.record(
        actions.MAPPING_ADDED,
        object_kind="mapping",
        object_id=mapping.pk,
        object_label=mapping.name,
        client_id=client_id,
        after={"slug": slug, "direction": direction, "canonical": canonical},
    )
    publish(mapping, _next_version(mapping, document, actor, "Starting content"))
    mapping.refresh_from_db()
    return mapping
