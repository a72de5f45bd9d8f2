"""The page where a person chooses their mails."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from tenants.accounts.models import User
from tenants.accounts.pages.frame import page
from tenants.nouns import in_words
from tenants.outbox.kinds import OPTIONAL
from tenants.outbox.services.choices import choose_mails, wanted_mails

HELP = {
    "exception_digest": "Once a day while exceptions are open, to whom they concern.",
    "escalation": "When exceptions were not solved in time and go to a role that you hold.",
    "incident": "When a system stops answering or a workflow is stopped, and when it is over.",
}


class ChoicesForm(forms.Form):
    """One box for each kind that can be switched off."""

    wanted = forms.MultipleChoiceField(
        label="Mails",
        required=False,
        choices=lambda: [
            (kind.name, in_words(f"{kind.label}: {HELP[kind.name]}")) for kind in OPTIONAL
        ],
        widget=forms.CheckboxSelectMultiple,
    )


@require_http_methods(["GET", "POST"])
def choices(request: HttpRequest) -> HttpResponse:
    """Show what the person gets, or keep what they chose."""
    user = request.user
    assert isinstance(user, User)
    form = ChoicesForm(request.POST or None, initial={"wanted": wanted_mails(user)})
    if request.method == "POST":
        form = ChoicesForm(request.POST)
        if form.is_valid():
            choose_mails(user, form.cleaned_data["wanted"])
            messages.success(request, "Saved.")
            return HttpResponseRedirect(reverse("mail_choices"))
    return page(request, "outbox/choices.html", {"form": form})
