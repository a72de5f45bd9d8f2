"""Drafting, proposing and publishing versions of a mapping.

A version goes live through change control (kind `mapping_version`) or, as starting content,
through `ensure_mapping`; there is no third way.
"""

from collections.abc import Mapping as Record
from collections.abc import Sequence
from typing import Final

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.text import slugify

from governance.actors import SYSTEM, Actor
from governance.models import ChangeRequest
from governance.permits import laying_down, require_permit
from governance.services import audit, changes
from governance.state import LABELS
from governance.twins import refusing_twins
from mappings import actions
from mappings.canonical.registry import SCHEMAS
from mappings.documents import MappingError, document_hash
from mappings.models import Mapping, MappingVersion
from mappings.publishing import went_live
from mappings.services.checking import checked
from mappings.services.overlays import is_behind, laid, versions_laid_again
from mappings.services.value_maps import ensure_own_maps, entry_changes
from mappings.state import BadMove, Move, next_state
from tenants.nouns import in_words
from tenants.rows import read

KIND = "mapping_version"
_TURN = "SELECT pg_advisory_xact_lock(hashtext('mapping ' || current_schema()), hashtext(%s))"
_LIVE: Final = """
    slug = %(slug)s AND live_id IS NOT NULL AND (client_id = %(client)s OR client_id IS NULL)
    ORDER BY client_id LIMIT 1
"""


def live_version(slug: str, client_id: int) -> MappingVersion | None:
    """Return the live version that a client uses: its own mapping's, else the partner's."""
    for mapping in read(Mapping, _LIVE, {"slug": slug, "client": client_id}):
        (version,) = read(MappingVersion, "id = %(id)s", {"id": mapping.live_id})
        version.mapping = mapping
        return version
    return None


def standings(versions: Sequence[MappingVersion]) -> dict[int, str]:
    """Return how each version stands, by its id: a proposed one as its request stands."""
    asked = {one.change_request for one in versions if one.state == "proposed"}
    rows = ChangeRequest.objects.filter(pk__in=[one for one in asked if one is not None])
    statuses = dict(rows.values_list("pk", "status"))
    made: dict[int, str] = {}
    for version in versions:
        status = statuses.get(version.change_request or 0)
        is_asked = version.state == "proposed" and status is not None
        made[version.pk] = str(LABELS[status] if is_asked else version.get_state_display())  # type: ignore[index]  # is_asked says that it is a status
    return made


def _next_version(
    mapping: Mapping, document: Record[str, object], actor: Actor, note: str
) -> MappingVersion:
    last = mapping.versions.aggregate(last=Max("number"))["last"] or 0
    whole, overlay, base = laid(mapping, dict(document))
    version = MappingVersion(
        mapping=mapping,
        number=last + 1,
        document=whole,
        overlay=overlay,
        base=base,
        note=note[:300],
        author_id=actor.user_id,
        author_label=actor.label[:200],
    )
    version.save()
    return version


def _move(version: MappingVersion, move: Move, **fields: object) -> None:
    """Bring a version into its next state. Raises BadMove."""
    state = next_state(version.state, move)
    MappingVersion.objects.filter(pk=version.pk).update(state=state, **fields)
    version.state = state


@transaction.atomic
def save_draft(
    actor: Actor,
    mapping: Mapping,
    document: Record[str, object],
    *,
    note: str = "",
    sample: Record[str, object] | None = None,
) -> MappingVersion:
    """Keep a new version as a draft. The same content as the newest one is that one.

    `sample`: a record whose fields count as known. Raises NotPermitted, or Refused with every
    problem.
    """
    actor.require("mappings.edit", mapping.client_id)
    plain = checked(mapping, document, sample)
    ensure_own_maps(actor, mapping, plain)
    locked = Mapping.objects.select_for_update().get(pk=mapping.pk)
    newest = locked.versions.first()
    whole, _, _ = laid(locked, plain)
    if newest is not None and newest.hash == document_hash(whole):
        return newest
    version = _next_version(locked, plain, actor, note)
    audit.record(
        actions.MAPPING_DRAFTED,
        object_kind="mapping",
        object_id=locked.pk,
        object_label=locked.name,
        client_id=locked.client_id,
        after={"version": version.number, "hash": version.hash},
        reason=note,
    )
    return version


def _writers(mapping: Mapping, version: MappingVersion) -> tuple[int, ...]:
    """Return who wrote what a version brings: its author, and those of the drafts before it
    that it was made from."""
    since = mapping.live.number if mapping.live else 0
    rows = mapping.versions.filter(
        Q(pk=version.pk) | Q(number__gt=since, number__lte=version.number)
    )
    authors = rows.exclude(author=None).order_by("author_id").values_list("author_id", flat=True)
    return tuple(authors.distinct())


@transaction.atomic
def propose_version(
    actor: Actor,
    version: MappingVersion,
    *,
    title: str,
    reason: str,
    ticket: str = "",
    along: Sequence[changes.ProposedChange] = (),
) -> ChangeRequest:
    """Ask for a version to go live. Raises NotPermitted, ValidationError, governance's refusals.

    `along`: what goes live with it, such as entries of its value maps: one signature for all.
    """
    return propose_versions(
        actor, [version], title=title, reason=reason, ticket=ticket, along=along
    )


@transaction.atomic
def propose_versions(
    actor: Actor,
    versions: Sequence[MappingVersion],
    *,
    title: str,
    reason: str,
    ticket: str = "",
    along: Sequence[changes.ProposedChange] = (),
) -> ChangeRequest:
    """The same for several mappings of one client, or of the partner, under one signature."""
    for version in versions:
        _refuse_idle(actor, version)
    asked = [_version_change(version.mapping, version) for version in versions]
    request = changes.propose(
        actor, title=title, reason=reason, ticket=ticket, changes=[*asked, *along]
    )
    for version in versions:
        mapping = version.mapping
        _move(version, "propose", change_request=request.pk)
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


def _refuse_idle(actor: Actor, version: MappingVersion) -> None:
    mapping = version.mapping
    actor.require("changes.propose", mapping.client_id)
    if mapping.live is not None and mapping.live.hash == version.hash:
        raise ValidationError("This version is the same as the live one: nothing would change.")
    if is_behind(mapping, version):
        raise ValidationError("The partner's mapping has changed since; keep the version anew.")


def _version_change(mapping: Mapping, version: MappingVersion) -> changes.ProposedChange:
    return changes.ProposedChange(
        kind=KIND,
        target_id=str(mapping.pk),
        target_label=mapping.name,
        content=signed_content(version),
        client_id=mapping.client_id,
        editor_ids=_writers(mapping, version),
    )


def signed_content(version: MappingVersion) -> dict[str, object]:
    """Return what a request holds, and its signers sign, for a version to go live."""
    return {
        "version": version.pk,
        "number": version.number,
        "hash": version.hash,
        "document": version.document,
    }


def mark_proposed(version: MappingVersion, request_id: int) -> None:
    """Say on a version which request asks for it. Raises BadMove for a live one."""
    _move(version, "propose", change_request=request_id)


@transaction.atomic
def propose_document(
    actor: Actor,
    mapping: Mapping,
    document: Record[str, object],
    *,
    title: str,
    reason: str,
    sample: Record[str, object] | None = None,
    entries: Record[str, Record[str, str]] | None = None,
) -> ChangeRequest:
    """Keep a document as a version and ask for it to go live: both or neither.

    `entries`: of its value maps, to go live with it; or alone, when no rule changes.
    Raises as `save_draft` and `propose_version`.
    """
    version = save_draft(actor, mapping, document, note=reason, sample=sample)
    along = entry_changes(actor, mapping, entries or {})
    if along and mapping.live is not None and mapping.live.hash == version.hash:
        actor.require("changes.propose", mapping.client_id)
        return changes.propose(actor, title=title, reason=reason, changes=along)
    return propose_version(actor, version, title=title, reason=reason, along=along)


def publish(mapping: Mapping, version: MappingVersion) -> None:
    """Make a version live inside the transaction of change control or of starting content.

    The overlays of a partner's mapping follow it. Raises Ungoverned outside these; BadMove for
    a version that is live already, and where an overlay does not fit.
    """
    require_permit(KIND, mapping.pk)
    if is_behind(mapping, version):
        raise BadMove("The partner's mapping has changed since it was approved. Propose it again.")
    try:
        followers = versions_laid_again(mapping, version)
    except MappingError as error:
        said = in_words("A client's rules don't fit it")
        raise BadMove(f"{said}: {error}") from error
    _publish_one(mapping, version)
    for follower in followers:
        _publish_one(follower.mapping, follower)


def _publish_one(mapping: Mapping, version: MappingVersion) -> None:
    before = mapping.live
    _move(version, "publish", live_at=timezone.now())
    if before is not None:
        _move(before, "retire")
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
    went_live("mapping", mapping.slug, mapping.client_id)


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

    A mapping that exists is returned as it is: from then on change control decides. So it
    does for a client's own: that begins as the partner's is. Raises ValidationError.
    """
    mine = Q(client=None) if client_id is None else Q(client_id=client_id)
    known = Mapping.objects.filter(mine, slug=slug)
    if found := known.first():
        return found
    actor.require("mappings.edit", client_id)
    with connection.cursor() as cursor:  # of several that make it at once, the first does
        cursor.execute(_TURN, [slug])
    if found := known.first():
        return found
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
    mapping.full_clean()
    plain = checked(mapping, document)
    is_same = _starts_as_shared(mapping, plain)
    _keep_added(mapping)
    ensure_own_maps(actor, mapping, plain)
    # A client's own that is the same as the partner's alters nothing: nobody has to sign it.
    # Nothing can lie over a mapping that was not there.
    with laying_down(SYSTEM if is_same else actor, KIND, mapping.pk):
        require_permit(KIND, mapping.pk)
        _publish_one(mapping, _next_version(mapping, plain, actor, "Starting content"))
    mapping.refresh_from_db()
    return mapping


@transaction.atomic
def add_mapping(
    actor: Actor,
    *,
    name: str,
    canonical: str,
    object: str,  # noqa: A002  the model's word
    client_id: int | None = None,
) -> Mapping:
    """Make a mapping of files into canonical records, without rules yet: these come through
    change control. `object`: what the files hold, in the partner's words.

    Raises NotPermitted, ValidationError for a name that is taken or an unknown object.
    """
    actor.require("mappings.edit", client_id)
    if canonical not in SCHEMAS:
        raise ValidationError("Choose what the records are.")
    slug = slugify(name)[:80]
    if not slug:
        raise ValidationError("Give it a name with letters or digits.")
    taken = ValidationError("There is a mapping of this name. Take another one, or change that.")
    if Mapping.objects.filter(slug=slug).exists():
        raise taken
    mapping = Mapping(
        slug=slug,
        name=name.strip(),
        direction=Mapping.Direction.INBOUND,
        canonical=canonical,
        object=object.strip(),
        client_id=client_id,
    )
    mapping.full_clean()
    with refusing_twins(taken):
        _keep_added(mapping)
    return mapping


def _keep_added(mapping: Mapping) -> None:
    mapping.save()
    audit.record(
        actions.MAPPING_ADDED,
        object_kind="mapping",
        object_id=mapping.pk,
        object_label=mapping.name,
        client_id=mapping.client_id,
        after={name: str(getattr(mapping, name)) for name in ("slug", "direction", "canonical")},
    )


def _starts_as_shared(mapping: Mapping, document: Record[str, object]) -> bool:
    """Say whether a client's own mapping has a partner's to begin as. Raises ValidationError
    where it is another: a client's must not replace the partner's rules without a signature."""
    if mapping.client_id is None:
        return False
    shared = Mapping.objects.filter(slug=mapping.slug, client=None).select_related("live").first()
    if shared is None or shared.live is None:
        return False
    if shared.live.hash != document_hash(document):
        raise ValidationError(
            in_words("A client's own mapping starts as the partner's; then propose.")
        )
    return True
