"""The proof of the audit trail for staff: how it stands, the check, the download."""

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from governance.anchor_files import Kept
from governance.doors import guarded_page
from governance.proof_pages import PAGE, KeptForm, proof_page, send_proof
from governance.requests import actor_of
from governance.services.checks import TooLongForAPage, check_trail

BASE: Final = "staff/base.html"


@guarded_page("audit.view")
@require_GET
def audit_proof(request: HttpRequest) -> HttpResponse:
    """Show until when the trail is sealed and anchored."""
    return proof_page(request, BASE)


@guarded_page("audit.view")
@require_GET
def audit_proof_download(request: HttpRequest) -> HttpResponseBase:
    """Send the proof of a time."""
    return send_proof(request, BASE)


@guarded_page("audit.view")
@require_POST
def audit_check(request: HttpRequest) -> HttpResponseBase:
    """Check the whole trail now and show what was found."""
    form = KeptForm(request.POST, request.FILES)
    if not form.is_valid():
        return proof_page(request, BASE, kept_form=form)
    file = form.cleaned_data["anchors"]
    try:
        report = check_trail(
            actor_of(request), files=[Kept(file.name, file.read())] if file else []
        )
    except TooLongForAPage as error:
        messages.info(request, str(error))
        return redirect(PAGE)
    return proof_page(request, BASE, report=report)
