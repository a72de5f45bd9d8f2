"""What the two web doors show of the trail's proof: how it stands, and the download."""

import tempfile
from typing import Final

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from governance.requests import actor_of
from governance.services.proofs import NothingSealed, span_of, write_proof
from governance.services.seals import SealingRefused, seal_trail
from governance.services.trail_state import trail_state
from governance.verdicts import Report

PAGE: Final = "audit_proof"
_IN_MEMORY: Final = 8 * 1024 * 1024
_MOST_BYTES: Final = 4 * 1024 * 1024


class SpanForm(forms.Form):
    """From which day to which; empty for everything."""

    since = forms.DateField(
        required=False, label="From", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label="Until", widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean(self) -> dict[str, object]:
        """Refuse a time that ends before it begins."""
        data = super().clean() or self.cleaned_data
        since, until = data.get("since"), data.get("until")
        if since and until and since > until:
            self.add_error("until", "This day is before the first one.")
        return data


class KeptForm(forms.Form):
    """Anchors that somebody kept, for the check."""

    anchors = forms.FileField(
        required=False,
        allow_empty_file=True,
        label="Anchors that you kept",
        help_text="A mail with an anchor as you saved it, or lines of the anchors' file.",
    )

    def clean_anchors(self) -> UploadedFile | None:
        """Refuse what is too large to be read for a page."""
        file: UploadedFile | None = self.cleaned_data["anchors"]
        if file and (file.size or 0) > _MOST_BYTES:
            most = filesizeformat(_MOST_BYTES)
            raise forms.ValidationError(
                f"Choose a file of at most {most}: the newest lines are enough, they hold all "
                "before them."
            )
        return file


def proof_page(
    request: HttpRequest,
    base: str,
    *,
    form: SpanForm | None = None,
    report: Report | None = None,
    kept_form: KeptForm | None = None,
) -> HttpResponse:
    """Show how the trail stands, what a check found, and the form for a proof."""
    actor = actor_of(request)
    context = {
        "base": base,
        "staff": actor.client_id is None,
        "may_propose": actor.client_id is None and actor.can("changes.propose", None),
        "state": trail_state(actor),
        "form": form or SpanForm(),
        "kept_form": kept_form or KeptForm(),
        "report": report,
    }
    return render(request, "governance/audit_proof.html", context)


def send_proof(request: HttpRequest, base: str) -> HttpResponseBase:
    """Send the proof of a time as a ZIP archive; what is new is sealed before."""
    form = SpanForm(request.GET)
    if not form.is_valid():
        return proof_page(request, base, form=form)
    archive = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  the answer closes it
    try:
        seal_trail()
        span = span_of(form.cleaned_data["since"], form.cleaned_data["until"])
        write_proof(actor_of(request), archive, span)
    except (NothingSealed, SealingRefused) as error:
        archive.close()
        told = str(error) if isinstance(error, NothingSealed) else _REFUSED
        messages.error(request, told)
        return redirect(PAGE)
    archive.seek(0)
    name = f"audit-proof-{timezone.now():%Y%m%d-%H%M%S}.zip"
    return FileResponse(archive, as_attachment=True, filename=name, content_type="application/zip")


_REFUSED: Final = (
    "The trail can't be sealed just now, so there is no proof of its newest entries. "
    "Press “Check now”, or ask whoever runs the installation."
)
