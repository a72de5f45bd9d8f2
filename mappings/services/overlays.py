"""A client's overlay of its partner's mapping: made, checked, and kept in step with it."""

from collections.abc import Mapping as Record

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from governance.actors import Actor
from governance.services import audit
from mappings import actions
from mappings.diff import is_same
from mappings.documents import MappingError, Problem, document_hash, objects_in, rules_of
from mappings.engine import compile_mapping
from mappings.models import Mapping, MappingVersion
from mappings.overlays import laid_over, overlay_between
from mappings.services.custom_fields import custom_fields
from tenants.nouns import in_words


@transaction.atomic
def ensure_overlay(actor: Actor, template: Mapping, client_id: int) -> Mapping:
    """Return the client's overlay of a partner's mapping, made empty when there is none.

    Nothing changes for the client until a version of it is live. Raises NotPermitted,
    ValidationError.
    """
    actor.require("mappings.edit", client_id)
    if template.client_id is not None or template.live is None:
        raise ValidationError("Only a live mapping of the partner's can be overlaid.")
    found = Mapping.objects.filter(slug=template.slug, client_id=client_id).first()
    if found is not None and found.template_id is None:
        raise ValidationError(in_words("This client has a whole mapping of its own; change that."))
    if found is not None:
        return found
    overlay = Mapping(
        slug=template.slug,
        name=template.name,
        direction=template.direction,
        connector=template.connector,
        object=template.object,
        canonical=template.canonical,
        makes=template.makes,
        client_id=client_id,
        template=template,
    )
    overlay.full_clean()
    overlay.save()
    audit.record(
        actions.MAPPING_ADDED,
        object_kind="mapping",
        object_id=overlay.pk,
        object_label=overlay.name,
        client_id=client_id,
        after={"slug": overlay.slug, "over": template.pk},
    )
    return overlay


def template_version(mapping: Mapping) -> MappingVersion | None:
    """Return the partner's live version that an overlay lies over, None for a whole mapping."""
    return mapping.template.live if mapping.template is not None else None


def standing_document(mapping: Mapping) -> dict[str, object]:
    """Return what runs now: the live version's document, for a new overlay its template's."""
    version = mapping.live or template_version(mapping)
    return dict(version.document) if version else {}


def rule_origins(mapping: Mapping, document: Record[str, object]) -> dict[str, str]:
    """Return in words whose each rule of an overlay's document is; nothing for a whole one."""
    base = template_version(mapping)
    if base is None:
        return {}
    theirs = {str(rule.get("id")): rule for rule in rules_of(base.document)}
    made: dict[str, str] = {}
    for rule in rules_of(document):
        ident = str(rule.get("id"))
        if ident not in theirs:
            made[ident] = in_words("Added by the client")
        elif not is_same(rule, theirs[ident]):
            made[ident] = in_words("The client's instead of the partner's")
        else:
            made[ident] = "The partner's, open" if rule.get("extension") else "The partner's"
    return made


def laid(
    mapping: Mapping, document: dict[str, object]
) -> tuple[dict[str, object], list[dict[str, object]] | None, MappingVersion | None]:
    """Return (the document to keep, the client's changes, the version they lie over).

    A whole mapping's document stays as it is. Raises MappingError where an overlay changes
    what the template is not open to.
    """
    base = template_version(mapping)
    if base is None:
        return document, None, None
    changes = overlay_between(base.document, document)
    return laid_over(base.document, changes), changes, base


def overlay_problems(mapping: Mapping, document: dict[str, object]) -> list[Problem]:
    """Return where an overlay goes too far, or where a template leaves its overlays behind."""
    if mapping.template_id is not None:
        try:
            laid(mapping, document)
        except MappingError as error:
            return error.problems
        return []
    found: list[Problem] = []
    for overlay in _overlays(mapping):
        assert overlay.live is not None
        try:
            _compiled_again(overlay, document)
        except MappingError as error:
            names = ", ".join(sorted({one.rule for one in error.problems if one.rule}))
            text = f"The rules of {overlay.client} would not fit any more: {error.problems[0]}"
            found.append(Problem("overlay", text, detail={"rules": names}))
    return found


def is_behind(mapping: Mapping, version: MappingVersion) -> bool:
    """Say whether an overlay's version was made over another version of the partner's."""
    base = template_version(mapping)
    if base is None:
        return False
    try:
        made = laid_over(base.document, objects_in(version.overlay))
    except MappingError:
        return True
    return document_hash(made) != version.hash


def versions_laid_again(template: Mapping, version: MappingVersion) -> list[MappingVersion]:
    """Return a new version, not yet live, of each live overlay that the template changes.

    Raises MappingError when one does not fit.
    """
    made: list[MappingVersion] = []
    for overlay in _overlays(template).select_for_update(of=("self",)):
        assert overlay.live is not None
        document = _compiled_again(overlay, version.document)
        if document_hash(document) == overlay.live.hash:
            continue
        newest = overlay.versions.order_by("-number").values_list("number", flat=True)[0]
        fresh = MappingVersion(
            mapping=overlay,
            number=newest + 1,
            document=document,
            overlay=overlay.live.overlay,
            base=version,
            note=f"After version {version.number} of the partner's",
            author_id=version.author_id,
            author_label=version.author_label,
        )
        fresh.save()
        made.append(fresh)
    return made


def _overlays(template: Mapping) -> QuerySet[Mapping]:
    if template._state.adding:
        return Mapping.objects.none()
    rows = Mapping.objects.filter(template_id=template.pk).exclude(live=None)
    return rows.select_related("live", "client").order_by("pk")


def _compiled_again(overlay: Mapping, template: dict[str, object]) -> dict[str, object]:
    """Return an overlay's document over a template, tried out. Raises MappingError."""
    assert overlay.live is not None
    document = laid_over(template, objects_in(overlay.live.overlay))
    compile_mapping(
        document,
        object_type=overlay.object_type,
        source_type=overlay.source_type,
        custom=custom_fields(),
    )
    return document
