"""Taking a file in by hand: what it holds first, then the work."""

import base64
import re
import zlib
from collections.abc import Iterator
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from governance.errors import Refusal
from governance.requests import actor_of
from syncjobs.connectors.files import HELD, KEY
from syncjobs.models import Connection
from syncjobs.pages.frame import back_to, explain_failure, one_of, page
from syncjobs.services import files
from tenants.context import current_schema
from tenants.nouns import in_words

# What is previewed comes back with the confirmation, so that nothing is kept in between.
_MOST_SEALED: Final = 2 * 1024 * 1024
_KEPT_SECONDS: Final = 3600
_SALT: Final = "syncjobs.files"
_ENDINGS: Final = (".csv", ".tsv", ".txt", ".xlsx", ".jsonl", ".ndjson")
# What a mapping's author can do about a value; who brings a file cannot.
_ADVICE: Final = re.compile(r"; add the step '[^']*'( \(from [^)]*\))?")
_REPEATED: Final = "This very file was the last to be taken in; nothing is new."


class FileForm(forms.Form):
    """The file, and what its rows are."""

    object = forms.ChoiceField(
        label="What it holds", choices=[(one.name, one.label) for one in HELD.values()]
    )
    file = forms.FileField(
        label="File",
        help_text="CSV in UTF-8, .xlsx (the first sheet, values only) or JSON Lines. "
        "The first row holds the headings.",
        widget=forms.FileInput(attrs={"accept": ",".join(_ENDINGS)}),
    )

    def clean_file(self) -> UploadedFile:
        """Refuse what no table is in."""
        given: UploadedFile = self.cleaned_data["file"]
        if not str(given.name).lower().endswith(_ENDINGS):
            raise ValidationError(f"Choose a file that ends in {', '.join(_ENDINGS)}.")
        return given


def connection_file(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the form, what a file holds, or take the previewed file in."""
    rows = Connection.objects.select_related("client").filter(connector=KEY)
    connection = one_of(request, rows, pk)
    form = FileForm(initial={"object": request.GET.get("object", "time_entry")})
    context: dict[str, Any] = {"connection": connection}
    try:
        if "sealed" in request.POST:
            return _take(request, connection)
        if request.method == "POST":
            form = FileForm(request.POST, request.FILES)
            if form.is_valid():
                context |= _preview(request, connection, form)
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    context |= {"form": form, "kinds": HELD.values(), "chosen": form["object"].value()}
    return page(request, "connection_file.html", context)


def _preview(request: HttpRequest, connection: Connection, form: FileForm) -> dict[str, Any]:
    given, object_ = form.cleaned_data["file"], form.cleaned_data["object"]
    if given.size > files.MAX_BYTES:
        raise ValidationError(f"The file is larger than {files.MAX_BYTES // 1024 // 1024} MB.")
    content = given.read()
    checked = files.check_file(
        actor_of(request), connection, object_=object_, name=given.name, content=content
    )
    if not checked.good and not checked.problem_count:
        raise ValidationError("The file has headings and no rows below them.")
    packed = [
        current_schema(),
        connection.pk,
        object_,
        given.name,
        base64.b85encode(zlib.compress(content)).decode(),
    ]
    sealed = signing.dumps(packed, salt=_SALT)
    repeated = files.was_last_taken(connection, checked, object_=object_, content=content)
    too_large = len(sealed) > _MOST_SEALED
    return {
        "checked": checked,
        "kind": HELD[object_].label,
        "told": " ".join(_told(checked)),
        "problems": [(one.row, _ADVICE.sub("", one.text)) for one in checked.problems],
        "repeated": _REPEATED if repeated else "",
        "too_large": too_large and not repeated,
        "sealed": sealed if checked.good and not too_large and not repeated else "",
    }


def _told(checked: files.Checked) -> Iterator[str]:
    """Give what becomes of rows with a problem."""
    if count := checked.left_out:
        are = "is" if count == 1 else "are"
        yield f"{_rows(count)} cannot be read or named and {are} left out."
    if count := checked.aside:
        aside = "is set aside as it is" if count == 1 else "are set aside as they are"
        yield in_words(
            f"{_rows(count)} {aside}, told of in exceptions, and tried again when the row comes "
            "anew or the mapping changes."
        )
    if count := checked.doubled:
        has = "has" if count == 1 else "have"
        yield f"{_rows(count)} {has} the number of an earlier one, and the later one counts."


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


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
        messages.info(request, _REPEATED)
    else:
        are = "is" if taken.rows == 1 else "are"
        messages.success(request, f"{_rows(taken.rows)} {are} taken in now, in the background.")
    return back_to(request, reverse("connection_detail", args=[connection.pk]))
