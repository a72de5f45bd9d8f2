"""List, editor, preview and proposal of mappings."""

import json
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from governance import correlation
from governance.errors import Refusal
from governance.requests import actor_of
from mappings.canonical.registry import SCHEMAS, schema
from mappings.diff import diff
from mappings.editor.rows import ORIGINS, Row, document_of, paths_in, rows_from, rows_of
from mappings.models import Mapping, MappingVersion
from mappings.samples import samples_for
from mappings.services.preview import BadSample, preview, read_sample
from mappings.services.versions import propose_version, save_draft
from mappings.transforms import TRANSFORMS
from tenants.lists import page_of

FRAMES = {"admin": "staff/base.html", "portal": "portal/base.html"}
EMPTY_ROWS = 2


def _visible(request: HttpRequest) -> QuerySet[Mapping]:
    """Return all mappings for staff; for a client's person their own and the partner's."""
    actor = actor_of(request)
    rows = Mapping.objects.select_related("client", "live")
    if actor.client_id is None:
        return rows
    return rows.filter(Q(client_id=actor.client_id) | Q(client=None))


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    actor = actor_of(request)
    frame = FRAMES[correlation.current().door]
    shared = {"base": frame, "staff": actor.client_id is None}
    return render(request, f"mappings/{template}", shared | context)


def mapping_list(request: HttpRequest) -> HttpResponse:
    """Show the mappings, searchable by name and object."""
    rows = _visible(request)
    if words := request.GET.get("q", "").strip():
        rows = rows.filter(
            Q(name__icontains=words) | Q(canonical__icontains=words) | Q(object__icontains=words)
        )
    shown = page_of(request, rows)
    return _page(request, "list.html", {"page": shown, "empty": not shown.paginator.count})


def _samples(request: HttpRequest, mapping: Mapping) -> tuple[list[Any], str]:
    """Return the stored samples and the text of the one that is chosen or pasted."""
    samples = samples_for(mapping, actor_of(request).client_id)
    pasted = request.POST.get("sample", "")
    if pasted.strip():
        return samples, pasted
    chosen = request.GET.get("record", "")
    first = next((one for one in samples if one.key == chosen), samples[0] if samples else None)
    return samples, json.dumps(first.data, indent=1, ensure_ascii=False) if first else "{}"


def _live_document(mapping: Mapping) -> dict[str, object]:
    return mapping.live.document if mapping.live else {"rules": []}


def _edited(request: HttpRequest, mapping: Mapping) -> tuple[dict[str, object], list[Row]]:
    rows = rows_from(request.POST.dict(), request.POST.getlist("row"))
    return document_of(rows, _live_document(mapping))


def _previewed(mapping: Mapping, document: dict[str, object], sample: str) -> dict[str, Any]:
    """Return the preview's context: rows per field, the result, the difference to live."""
    try:
        shown = preview(document, read_sample(sample), object_type=mapping.object_type)
        problem = ""
    except BadSample as error:
        shown, problem = preview(document, {}, object_type=mapping.object_type), str(error)
    covered = {row.target.split(".")[0] for row in shown.rows if row.value is not None}
    wanted = schema(mapping.object_type).fields if mapping.object_type else ()
    return {
        "preview": shown,
        "sample_problem": problem,
        "missing": [one for one in wanted if one.required and one.name not in covered],
        "covered": len(covered),
        "fields": len(wanted),
        "diff": diff(_live_document(mapping), document),
    }


def mapping_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the live rules, editable for those who may, with a preview beside them."""
    mapping = get_object_or_404(_visible(request), pk=pk)
    actor = actor_of(request)
    version = _version(request, mapping)
    document = version.document if version else {"rules": []}
    samples, sample = _samples(request, mapping)
    context = {
        "mapping": mapping,
        "version": version,
        "versions": mapping.versions.all()[:20],
        "rows": rows_of(document) + [Row(id=f"new{n}") for n in range(EMPTY_ROWS)],
        "origins": ORIGINS,
        "targets": [one.name for one in SCHEMAS[mapping.object_type].fields]
        if mapping.object_type
        else [],
        "sources": paths_in(read_sample(sample)),
        "transforms": TRANSFORMS.values(),
        "samples": samples,
        "sample": sample,
        "may_edit": actor.can("mappings.edit", mapping.client_id)
        and actor.can("changes.propose", mapping.client_id),
        **_previewed(mapping, document, sample),
    }
    return _page(request, "detail.html", context)


def _version(request: HttpRequest, mapping: Mapping) -> MappingVersion | None:
    number = request.GET.get("version", "")
    if number.isdecimal():
        return get_object_or_404(mapping.versions, number=int(number))
    return mapping.live


def mapping_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer the preview of what the form holds now (htmx)."""
    mapping = get_object_or_404(_visible(request), pk=pk)
    document, rows = _edited(request, mapping)
    _, sample = _samples(request, mapping)
    context = _previewed(mapping, document, sample)
    context["row_errors"] = [row for row in rows if row.error]
    return render(request, "mappings/preview.html", context)


def mapping_propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what the form holds as a version and ask for it to go live."""
    mapping = get_object_or_404(_visible(request), pk=pk)
    document, rows = _edited(request, mapping)
    actor = actor_of(request)
    reason = request.POST.get("reason", "").strip()
    try:
        wrong = [f"{row.target or row.id}: {row.error}" for row in rows if row.error]
        if wrong:
            raise ValidationError(wrong)
        version = save_draft(actor, mapping, document, note=reason[:300])
        asked = propose_version(
            actor,
            version,
            title=request.POST.get("title", "").strip() or f"Change {mapping.name}",
            reason=reason,
        )
    except (ValidationError, Refusal) as error:
        text = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        messages.error(request, text)
        return HttpResponseRedirect(reverse("mapping_detail", args=[pk]))
    messages.success(request, "Proposed. It goes live when somebody else has approved it.")
    return HttpResponseRedirect(reverse("change_detail", args=[asked.pk]))
