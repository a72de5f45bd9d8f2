"""Taking a file in by hand: what it holds first, then the work."""

import base64
import zlib
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from governance.errors import Refusal
from governance.requests import actor_of
from syncjobs.connectors.files import HELD, KEY
from syncjobs.models import Connection
from syncjobs.pages.frame import back_to, explain_failure, one_of, page
from syncjobs.services import files
from tenants.context import current_schema

# What is previewed comes back with the confirmation, so that nothing is kept in between.
_MOST_SEALED: Final = 2 * 1024 * 1024
_KEPT_SECONDS: Final = 3600
_SALT: Final = "syncjobs.files"


class FileForm(forms.Form):
    """The file, and what its rows are."""

    object = forms.ChoiceField(
        label="What it holds", choices=[(one.name, one.label) for one in HELD.values()]
    )
    file = forms.FileField(
        label="File",
        help_text="CSV in UTF-8, .xlsx (the first sheet, values only) or JSON Lines. "
        "The first row holds the headings.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.jsonl,.ndjson"}),
    )


def connection_file(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the form, what a file holds, or take the previewed file in."""
    rows = Connection.objects.select_related("client").filter(connector=KEY)
    connection = one_of(request, rows, pk)
    form = FileForm(initial={"object": request.GET.get("object", "time_entry")})
    context: dict[str, Any] = {"connection": connection, "columns": _columns()}
    try:
        if "sealed" in request.POST:
            return _take(request, connection)
        if request.method == "POST":
            form = FileForm(request.POST, request.FILES)
            if form.is_valid():
                context |= _preview(request, connection, form)
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return page(request, "connection_file.html", context | {"form": form})


def _columns() -> list[tuple[str, str]]:
    return [(one.label, ", ".join(one.columns)) for one in HELD.values()]


def _preview(request: HttpRequest, connection: Connection, form: FileForm) -> dict[str, Any]:
    given, object_ = form.cleaned_data["file"], form.cleaned_data["object"]
    if given.size > files.MAX_BYTES:
        raise ValidationError(f"The file is larger than {files.MAX_BYTES // 1024 // 1024} MB.")
    content = given.read()
    checked = files.check_file(
        actor_of(request), connection, object_=object_, name=given.name, content=content
    )
    packed = [
        current_schema(),
        connection.pk,
        object_,
        given.name,
        base64.b85encode(zlib.compress(content)).decode(),
    ]
    sealed = signing.dumps(packed, salt=_SALT)
    return {
        "checked": checked,
        "kind": HELD[object_].label,
        "sealed": sealed if len(sealed) <= _MOST_SEALED and checked.good else "",
    }


def _take(request: HttpRequest, connection: Connection) -> HttpResponse:
    try:
        schema, pk, object_, name, text = signing.loads(
            request.POST["sealed"], salt=_SALT, max_age=_KEPT_SECONDS
        )
    except signing.BadSignature as error:
        raise ValidationError("The preview is too old. Choose the file again.") from error
    if (schema, pk) != (current_schema(), connection.pk):
        raise ValidationError("The preview is of another connection. Choose the file again.")
    content = zlib.decompress(base64.b85decode(text))
    taken = files.take_file(
        actor_of(request), connection, object_=object_, name=name, content=content, again=True
    )
    if taken.repeated:
        messages.info(request, "This very file was the last to be taken in; nothing is new.")
    else:
        messages.success(request, f"{taken.rows} rows are taken in now, in the background.")
    return back_to(request, reverse("connection_detail", args=[connection.pk]))
