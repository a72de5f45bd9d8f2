"""List, editor, preview and proposal of mappings."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from governance.errors import Refusal
from governance.lists import number_in, ordered, page_of
from governance.requests import actor_of
from mappings.documents import MAX_BYTES
from mappings.editor.form import ADDING, form_of, press, read_form
from mappings.models import Mapping, MappingVersion
from mappings.pages.bringing import with_file, with_suggested
from mappings.pages.editing import Editing, Shown, sample_text, shown, stored_samples
from mappings.pages.frame import page, visible, ways
from mappings.pages.offers import choices
from mappings.services.overlays import ensure_overlay, standing_document
from mappings.services.transfer import compared, exported, read_import
from mappings.services.versions import propose_document, save_draft, standings
from tenants.accounts.models import Client
from tenants.nouns import in_words
from tenants.tables.listed import listed_file

SHOWN_VERSIONS = 20


def _utc(version: MappingVersion | None) -> str:
    return f"{version.live_at:%Y-%m-%d %H:%M:%S}" if version and version.live_at else ""


SORTS = {
    "name": "name",
    "client": "client__name",
    "version": "live__number",
    "since": "live__live_at",
}
COLUMNS: dict[str, Callable[[Mapping], object]] = {
    "Mapping": lambda one: one.name,
    "From": lambda one: ways(one)[0],
    "To": lambda one: ways(one)[1],
    "Client": lambda one: one.client or "All",
    "Live version": lambda one: one.live.number if one.live else "",
    "Live since (UTC)": lambda one: _utc(one.live),
}


def mapping_list(request: HttpRequest) -> HttpResponse:
    """Show the mappings, searchable by name and object, in the order asked for."""
    rows = visible(request, Mapping.objects.select_related("client", "live"))
    if words := request.GET.get("q", "").strip():
        rows = rows.filter(
            Q(name__icontains=words) | Q(canonical__icontains=words) | Q(object__icontains=words)
        )
    rows = ordered(request, rows, SORTS, "name", "pk")
    if file := listed_file(request, "mappings", rows, COLUMNS):
        return file
    found = page_of(request, rows)
    shown_rows = [(mapping, ways(mapping)) for mapping in found.object_list]
    context = {
        "page": found,
        "rows": shown_rows,
        "empty": not found.paginator.count,
        "may_edit": actor_of(request).can("mappings.edit", None),
    }
    return page(request, "list.html", context)


def _mapping(request: HttpRequest, pk: int) -> Mapping:
    rows = visible(request, Mapping.objects.select_related("client", "live", "template__live"))
    return get_object_or_404(rows, pk=pk)


def _versions(request: HttpRequest, mapping: Mapping) -> QuerySet[MappingVersion]:
    """Return the versions that this person may see: the partner's drafts are its own affair."""
    rows = mapping.versions.all()
    if actor_of(request).client_id is None or mapping.client_id is not None:
        return rows
    return rows.filter(state__in=("live", "retired"))


def _version(request: HttpRequest, mapping: Mapping, number: str) -> MappingVersion | None:
    """Return the version that is asked for, the live one when none is. Raises Http404."""
    if _is_number(number):
        return get_object_or_404(_versions(request, mapping), number=int(number))
    return mapping.live


def _opened(request: HttpRequest, mapping: Mapping) -> Editing:
    """Return the editor as it is opened."""
    version = _version(request, mapping, request.GET.get("version", ""))
    samples = stored_samples(request, mapping)
    key, text = sample_text(samples, request.GET.get("record", ""))
    form = form_of(version.document if version else standing_document(mapping))
    return Editing(mapping, version, form, text, samples, key)


def _sent(request: HttpRequest, mapping: Mapping) -> Editing:
    """Return the editor as it was sent, after the button that was pressed."""
    version = _version(request, mapping, request.POST.get("base", ""))
    command = request.POST.get("do", "")[:200]
    # While somebody types only the preview is answered: the list of records stays as it is.
    samples = [] if _is_typing(request) else stored_samples(request, mapping)
    chosen, text = request.POST.get("record", ""), request.POST.get("sample", "") or "{}"
    if command == "sample":
        chosen, text = sample_text(samples, chosen)
    form = press(read_form(request.POST, mapping.slug), command, request.POST)
    at = request.POST.get("at", "")
    if command.startswith("row:"):
        at = command.partition(":")[2]
    editing = Editing(
        mapping, version, form, text, samples, chosen, int(at) if _is_number(at) else 0
    )
    if command == "file":
        editing = with_file(editing, request.FILES.get("file"))
    if _is_typing(request) and not command:
        editing = replace(editing, is_typing=True)
    return with_suggested(editing) if command == "suggest" else editing


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 9


def _is_typing(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true" and request.POST.get("do") != "sample"


def _context(request: HttpRequest, editing: Editing, answer: Shown) -> dict[str, Any]:
    actor, mapping = actor_of(request), editing.mapping
    versions = list(_versions(request, mapping)[:SHOWN_VERSIONS])
    words = standings(versions)
    return {
        "mapping": mapping,
        "ways": ways(mapping),
        "version": editing.base,
        "versions": [(one, words[one.pk], one.author_label.partition(" <")[0]) for one in versions],
        "editing": editing,
        "shown": answer,
        "title": request.POST.get("title", ""),
        "reason": request.POST.get("reason", ""),
        "may_edit": actor.can("mappings.edit", mapping.client_id)
        and actor.can("changes.propose", mapping.client_id),
        "overlays": _overlays(request, mapping),
        "clients": _clients(request, mapping),
        **choices(request, mapping, answer.sample, answer.document),
    }


def _overlays(request: HttpRequest, mapping: Mapping) -> QuerySet[Mapping]:
    """Return the clients' overlays of a partner's mapping that this person may see."""
    return visible(request, mapping.overlays.select_related("client", "live"))


def _clients(request: HttpRequest, mapping: Mapping) -> list[Client]:
    """Return the clients that this person may give rules of their own."""
    actor = actor_of(request)
    if mapping.client_id is not None or mapping.live is None or actor.client_id is not None:
        return []
    taken = Mapping.objects.filter(slug=mapping.slug).exclude(client=None)
    rows = Client.objects.exclude(pk__in=taken.values("client")).order_by("name")
    return [one for one in rows if actor.can("mappings.edit", one.pk)]


def mapping_export(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a version as a YAML file: the one that is asked for, else the live one."""
    mapping = _mapping(request, pk)
    version = _version(request, mapping, request.GET.get("version", ""))
    if version is None:
        raise Http404
    version.mapping = mapping
    answer = HttpResponse(exported(version), content_type="application/yaml; charset=utf-8")
    name = f"{mapping.slug}-v{version.number}.yaml"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def mapping_import(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a YAML text in the editor, to be tried and proposed; nothing is kept yet."""
    mapping = _mapping(request, pk)
    samples = stored_samples(request, mapping)
    key, sample = sample_text(samples, "")
    refused: list[str] = []
    document = standing_document(mapping)
    try:
        document = read_import(mapping, _sent_text(request))
    except ValidationError as error:
        refused = error.messages
    editing = Editing(mapping, mapping.live, form_of(document), sample, samples, key)
    context = _context(request, editing, shown(editing)) | {"refused": refused}
    return page(request, "detail.html", context, status=422 if refused else 200)


def _sent_text(request: HttpRequest) -> str:
    """Return the file that was sent, else the text. Raises ValidationError."""
    file = request.FILES.get("file")
    if file is None:
        return request.POST.get("yaml", "")
    try:
        return str(file.read(MAX_BYTES + 1).decode())
    except UnicodeDecodeError as error:
        raise ValidationError("The file is not text in UTF-8.") from error


def mapping_compare(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what differs between two versions, rule by rule."""
    mapping = _mapping(request, pk)
    versions = list(_versions(request, mapping)[:SHOWN_VERSIONS])
    after = _version(request, mapping, request.GET.get("to", "")) or next(iter(versions), None)
    if after is None:
        raise Http404
    before = _version(request, mapping, request.GET.get("from", "")) or after
    context = {
        "mapping": mapping,
        "versions": versions,
        "found": compared(before, after),
    }
    return page(request, "compare.html", context)


def mapping_overlay(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a client's overlay of a partner's mapping, made empty when there is none."""
    template = _mapping(request, pk)
    chosen = number_in(request.POST.get("client", ""))
    if chosen is None:
        messages.error(request, in_words("Choose a client."))
        return HttpResponseRedirect(reverse("mapping_detail", args=[pk]))
    client = get_object_or_404(Client, pk=chosen)
    try:
        made = ensure_overlay(actor_of(request), template, client.pk)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return HttpResponseRedirect(reverse("mapping_detail", args=[pk]))
    return HttpResponseRedirect(reverse("mapping_detail", args=[made.pk]))


def mapping_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the live rules, or an older version's; editable for those who may."""
    editing = _opened(request, _mapping(request, pk))
    # One without rules has nothing to correct yet.
    context = _context(request, editing, shown(editing)) | {"is_fresh": not editing.form.rows}
    return page(request, "detail.html", context)


def mapping_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer what the form holds now: to htmx its parts, to a plain browser the page."""
    editing = _sent(request, _mapping(request, pk))
    answer = shown(editing)
    if request.headers.get("HX-Request") != "true":
        return page(request, "detail.html", _context(request, editing, answer))
    command, _, rest = request.POST.get("do", "").partition(":")
    ident = rest.partition(":")[0]
    context = {
        "mapping": editing.mapping,
        "editing": editing,
        "shown": answer,
        "swap": True,
        "pressed": command,
        # What is typed changes little: parts that are shown already stay as they are.
        "had": frozenset(request.POST.getlist("mark")),
        "is_added": command in ADDING,
        "pressed_on": ident,
        "new_words": answer.wanted_words
        != {(one.value_map, one.word) for one in editing.form.entries},
        "gone": _number_of(request, "row", "id", ident)
        or _number_of(request, "check", "check-id", ident),
        **(choices(request, editing.mapping, answer.sample, answer.document) if command else {}),
    }
    return render(request, "mappings/parts/answer.html", context)


def _number_of(request: HttpRequest, listed: str, name: str, ident: str) -> str:
    """Return the number under which the form sent a rule or check."""
    sent = request.POST
    return next((n for n in sent.getlist(listed) if sent.get(f"{name}-{n}") == ident), "")


def mapping_propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what the form holds as a version and, unless it is to stay a draft, propose it.

    What is wrong is said beside the rules; nothing that was written is lost.
    """
    mapping = _mapping(request, pk)
    editing = _sent(request, mapping)
    answer = shown(editing)
    try:
        return HttpResponseRedirect(_kept(request, editing, answer))
    except (ValidationError, Refusal) as error:
        texts = error.messages if isinstance(error, ValidationError) else [str(error)]
        context = _context(request, editing, answer) | {"refused": texts}
        return page(request, "detail.html", context, status=422)


def _kept(request: HttpRequest, editing: Editing, answer: Shown) -> str:
    """Return where to go next. Raises ValidationError, Refusal."""
    actor, mapping = actor_of(request), editing.mapping
    reason = request.POST.get("reason", "").strip()
    if not answer.may_keep:
        raise ValidationError("Some rules need correcting first; they are marked.")
    if request.POST.get("do") == "draft":
        version = save_draft(actor, mapping, answer.document, note=reason, sample=answer.sample)
        messages.success(request, f"Version {version.number} is kept as a draft.")
        if editing.form.tables:
            text = "What words become is not kept in a draft: say it again when you propose."
            messages.warning(request, text)
        return f"{reverse('mapping_detail', args=[mapping.pk])}?version={version.number}"
    asked = propose_document(
        actor,
        mapping,
        answer.document,
        title=request.POST.get("title", "").strip() or f"Change {mapping.name}",
        reason=reason,
        sample=answer.sample,
        entries=editing.form.tables,
    )
    messages.success(request, "Proposed. It goes live when somebody else has approved it.")
    return reverse("change_detail", args=[asked.pk])
