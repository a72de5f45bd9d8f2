"""Mail for owners: what was sent, from whom and through which server, and how each looks."""

from __future__ import annotations

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from branding.mail.composing import compose
from branding.mail.logo import inline_logo
from branding.mail.samples import SAMPLES
from branding.models import MailSender
from branding.services import brand as brands
from branding.services import mail_sender
from branding.services.identity import identity_of
from branding.services.mail_sender import SenderValues
from branding.services.mail_test import send_test
from governance.errors import BadTransition
from governance.lists import chips, page_of
from governance.requests import actor_of
from tenants.accounts.models import User
from tenants.accounts.pages.frame import attempt, page
from tenants.nouns import in_words
from tenants.outbox.kinds import KINDS
from tenants.outbox.models import OutgoingMail
from tenants.outbox.services.again import send_again

_TABS = (
    ("mail_list", "Sent and waiting"),
    ("mail_sender", "Sender"),
    ("mail_previews", "Previews"),
)
# A mail shown in a frame: it runs nothing, loads nothing from elsewhere, and goes nowhere.
_FRAME_POLICY = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "img-src": ["data:"],
    "frame-ancestors": [SELF],
    "base-uri": [NONE],
    "form-action": [NONE],
    "sandbox": [""],
}


def _tabs(here: str) -> list[dict[str, object]]:
    return [{"label": label, "url": reverse(name), "active": name == here} for name, label in _TABS]


def _log() -> QuerySet[OutgoingMail]:
    """Every mail but those that turned out to be for nobody, such as resets for strangers."""
    return OutgoingMail.objects.exclude(state="dropped").exclude(
        kind="password_reset", state__in=["queued", "sending"]
    )


@require_GET
def mail_list(request: HttpRequest) -> HttpResponse:
    """Show the mails, the newest first."""
    rows, words = _log(), request.GET.get("q", "").strip()[:100]
    if words:
        rows = rows.filter(to__icontains=words)
    groups = {
        "waiting": rows.filter(state__in=["queued", "sending"]),
        "trouble": rows.filter(state__in=["failed", "bounced"]),
    }
    options: list[tuple[str, str, int | None]] = [
        ("", "All", rows.count()),
        ("waiting", "Waiting", groups["waiting"].count()),
        ("trouble", "Not arrived", groups["trouble"].count()),
    ]
    context = {
        "page": page_of(request, groups.get(request.GET.get("show", ""), rows)),
        "chips": chips(request, "show", options, ""),
        "tabs": _tabs("mail_list"),
        "sender": mail_sender.stored_sender(),
    }
    return page(request, "branding/mail/log.html", context)


@require_POST
def mail_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a mail again that did not arrive."""
    try:
        mail = send_again(actor_of(request), pk)
    except OutgoingMail.DoesNotExist as error:
        raise Http404 from error
    except BadTransition as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, f"The mail is on its way to {mail.to} again.")
    return HttpResponseRedirect(reverse("mail_list"))


class SenderForm(forms.Form):
    """From whom mails come; the server's part may be empty."""

    from_name = forms.CharField(
        label="Sender's name",
        max_length=60,
        required=False,
        help_text="The product's name if empty.",
    )
    reply_to = forms.EmailField(
        label="Answers go to", required=False, help_text="The support address if empty."
    )
    host = forms.CharField(
        label="Mail server",
        max_length=253,
        required=False,
        help_text="Such as smtp.example.com. Empty: the platform's server.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    port = forms.IntegerField(label="Port", min_value=1, max_value=65535, initial=587)
    tls = forms.ChoiceField(label="Encryption", choices=MailSender.Tls.choices)
    username = forms.CharField(
        label="User name",
        max_length=200,
        required=False,
        help_text="Empty where the server asks for none.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    password = forms.CharField(
        label="Password",
        max_length=500,
        required=False,
        strip=False,
        help_text="Stored encrypted and never shown. Empty: the one stored stays.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    from_address = forms.EmailField(
        label="Sender's address",
        required=False,
        help_text="The server must be allowed to send for it.",
    )

    def values(self) -> SenderValues:
        """What the service wants."""
        data = self.cleaned_data
        return SenderValues(**{**data, "password": data["password"] or None})


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sender(request: HttpRequest) -> HttpResponse:
    """Show the sender, or write it."""
    stored = mail_sender.stored_sender()
    names = [name for name in SenderForm.base_fields if name != "password"]
    initial = {name: getattr(stored or MailSender(), name) for name in names}
    form = SenderForm(request.POST or None, initial=initial)
    if request.method == "POST":
        kept = attempt(form, lambda: mail_sender.edit_sender(actor_of(request), form.values()))
        if kept:
            tested = not kept.has_server or kept.verified_at is not None
            messages.success(request, "Saved." if tested else "Saved. Now send a test mail.")
            return HttpResponseRedirect(reverse("mail_sender"))
    context = {"form": form, "sender": stored, "tabs": _tabs("mail_sender")}
    return page(request, "branding/mail/sender.html", context)


@require_POST
def sender_test(request: HttpRequest) -> HttpResponse:
    """Send a test mail to whoever asks, and use the server from then on."""
    user = request.user
    assert isinstance(user, User)
    try:
        problem = send_test(actor_of(request), name=user.name, to=user.email)
    except ValidationError as error:
        messages.warning(request, " ".join(error.messages))
    else:
        if problem:
            messages.error(request, problem)
        else:
            messages.success(request, f"The server took a mail to {user.email}. It is used now.")
    return HttpResponseRedirect(reverse("mail_sender"))


def _kind(request: HttpRequest) -> str:
    kind = request.GET.get("kind", "")
    return kind if kind in SAMPLES else "invitation"


@require_GET
def previews(request: HttpRequest) -> HttpResponse:
    """Show one kind of mail as the draft of the brand would make it."""
    kind = _kind(request)
    made = compose(identity_of(brands.brand_to_edit()), kind, SAMPLES[kind])
    options: list[tuple[str, str, int | None]] = [
        (one.name, in_words(one.label), None) for one in KINDS.values()
    ]
    context = {
        "kind": kind,
        "kind_label": in_words(KINDS[kind].label),
        "made": made,
        "chips": chips(request, "kind", options, "invitation"),
        "tabs": _tabs("mail_previews"),
    }
    return page(request, "branding/mail/previews.html", context)


@xframe_options_sameorigin
@csp(_FRAME_POLICY)
@require_GET
def preview(request: HttpRequest) -> HttpResponse:
    """The mail itself, for the frame, with values of nobody."""
    kind = _kind(request)
    draft = brands.brand_to_edit()
    made = compose(identity_of(draft), kind, SAMPLES[kind], logo=inline_logo(draft))
    return HttpResponse(made.html, headers={"Cache-Control": "no-store"})
