"""The proof of a client's own part of the audit trail, in the portal."""

from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_GET

from governance.doors import guarded_page
from governance.proof_pages import proof_page, send_proof

BASE: Final = "portal/base.html"


@guarded_page("audit.view")
@require_GET
def audit_proof(request: HttpRequest) -> HttpResponse:
    """Show until when the trail is sealed and anchored."""
    return proof_page(request, BASE)


@guarded_page("audit.view")
@require_GET
def audit_proof_download(request: HttpRequest) -> HttpResponseBase:
    """Send the proof of the client's own entries."""
    return send_proof(request, BASE)
