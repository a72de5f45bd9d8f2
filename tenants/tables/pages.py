"""Pages that take a table in: choose a file, see what it would do, confirm; and give one out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from governance.actors import Actor
from governance.errors import Refusal
from governance.requests import actor_of
from governance.services import audit
from tenants.accounts import actions
from tenants.accounts.pages.frame import page
from tenants.context import current_schema
from tenants.tables.plan import ORDER, Plan, Run, apply, preview
from tenants.tables.reading import BadTable, Column, Line, read_table
from tenants.tables.writing import table_file

SHOWN: Final = 300
KEPT_SECONDS: Final = 3600
WORDS: Final = {"refused": "Refused", "new": "New", "changed": "Changed", "same": "The same"}
TONES: Final = {"refused": "bad", "new": "ok", "changed": "info", "same": "idle"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A kind of table that can be taken in.

    key: its name in file names and the audit trail. owner: whose rows, where not everybody's.
    back, template: addresses of the list and of the empty table.
    """

    key: str
    title: str
    text: str
    columns: Sequence[Column]
    max_rows: int
    run: Run
    back: str
    template: str
    owner: str = ""
    client_id: int | None = None
    done: str = "It was all taken in."


class FileForm(forms.Form):
    """The file."""

    file = forms.FileField(
        label="File",
        help_text="CSV in UTF-8, or .xlsx. The first row holds the headings.",
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
    )


def import_page(request: HttpRequest, sheet: Sheet) -> HttpResponse:
    """Show the form, the preview of a file, or take the previewed file in."""
    form, refused = FileForm(), list[str]()
    if request.method == "POST":
        try:
            if "plan" in request.POST:
                return _confirmed(request, sheet)
            form = FileForm(request.POST, request.FILES)
            if form.is_valid():
                content = form.cleaned_data["file"].read()
                lines = read_table(content, sheet.columns, sheet.max_rows)
                return _previewed(request, sheet, preview(actor_of(request), sheet.run, lines))
        except (BadTable, Refusal) as error:
            refused = [str(error)]
        except ValidationError as error:
            refused = error.messages
    status = 422 if refused or form.errors else 200
    context = {"form": form, "sheet": sheet, "refused": refused}
    return page(request, "tables/import.html", context, status=status)


def _seal(request: HttpRequest, sheet: Sheet, plan: Plan) -> str:
    """Return the previewed lines and their hash, signed for this person, partner and table."""
    lines = [[line.number, line.cells] for line in plan.lines]
    return signing.dumps(
        {"lines": lines, "hash": plan.content_hash}, salt=_salt(request, sheet), compress=True
    )


def _salt(request: HttpRequest, sheet: Sheet) -> str:
    return f"table:{current_schema()}:{actor_of(request).id}:{sheet.key}:{sheet.owner}"


def _previewed(
    request: HttpRequest, sheet: Sheet, plan: Plan, *, moved: bool = False
) -> HttpResponse:
    ranked = sorted(plan.rows, key=lambda row: (ORDER.index(row.state), row.number))
    context = {
        "sheet": sheet,
        "plan": plan,
        "rows": [(row, WORDS[row.state], TONES[row.state]) for row in ranked[:SHOWN]],
        "hidden": max(0, len(ranked) - SHOWN),
        "counts": [(WORDS[state], plan.counts[state], TONES[state]) for state in ORDER],
        "sealed": _seal(request, sheet, plan) if plan.is_sound else "",
        "moved": moved,
    }
    return page(request, "tables/preview.html", context)


def _confirmed(request: HttpRequest, sheet: Sheet) -> HttpResponse:
    try:
        kept: dict[str, Any] = signing.loads(
            request.POST["plan"], salt=_salt(request, sheet), max_age=KEPT_SECONDS
        )
    except signing.BadSignature as error:
        raise BadTable("The preview is too old. Choose the file again.") from error
    lines = [Line(number, cells) for number, cells in kept["lines"]]
    plan, done = apply(actor_of(request), _told(sheet), lines, kept["hash"])
    if not done:
        return _previewed(request, sheet, plan, moved=True)
    messages.success(request, sheet.done)
    return HttpResponseRedirect(plan.target or sheet.back)


def _told(sheet: Sheet) -> Run:
    """The sheet's run with an entry in the audit trail, in the same transaction."""

    def run(actor: Actor, lines: Sequence[Line]) -> Plan:
        plan = sheet.run(actor, lines)
        audit.record(
            actions.TABLE_IMPORTED,
            object_kind="table",
            object_id=sheet.key,
            object_label=sheet.title,
            client_id=sheet.client_id,
            after={**{state: plan.counts[state] for state in ORDER}, "sha256": plan.content_hash},
        )
        return plan

    return run


def export_file(
    request: HttpRequest,
    key: str,
    columns: Sequence[Column],
    rows: Callable[[], Iterable[Sequence[object]]],
    client_id: int | None = None,
    *,
    note: str = "",
) -> HttpResponse:
    """Return a download of `?format=csv` or xlsx, noted in the audit trail. note: a last row."""
    listed = [list(row) for row in rows()]
    audit.record(
        actions.TABLE_EXPORTED,
        object_kind="table",
        object_id=key,
        object_label=key,
        client_id=client_id,
        after={"rows": len(listed)},
    )
    if note:
        listed.append([note])
    return table_file(key, request.GET.get("format", ""), [one.name for one in columns], listed)


def template_file(request: HttpRequest, key: str, columns: Sequence[Column]) -> HttpResponse:
    """Return the headings and one line as an example."""
    names, example = [one.name for one in columns], [one.example for one in columns]
    return table_file(f"{key}-template", request.GET.get("format", ""), names, [example])
