"""For how long a partner keeps things: what holds, and proposing something else."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from governance.errors import Refusal
from governance.reasons import ReasonForm
from governance.requests import actor_of
from syncjobs.pages.frame import explain_failure, page
from syncjobs.services.retention_changes import (
    KINDS,
    LEAST_DAYS,
    MOST_DAYS,
    own_days,
    propose_retention,
)


class RetentionForm(ReasonForm):
    """Days for each kind; an empty one is kept as the operator says."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, label in KINDS.items():
            usual = settings.KEEP_DAYS[key]
            self.fields[key] = forms.IntegerField(
                required=False,
                min_value=0,
                max_value=MOST_DAYS,
                label=f"{label}, in days",
                help_text=f"{LEAST_DAYS} to {MOST_DAYS}; 0 for good. "
                f"Empty: {f'{usual} days' if usual else 'for good'}.",
            )
        self.order_fields([*KINDS, "reason", "ticket"])

    def days(self) -> dict[str, int]:
        """Return what was filled in."""
        data = self.cleaned_data
        return {key: data[key] for key in KINDS if data[key] is not None}


def retention(request: HttpRequest) -> HttpResponse:
    """Propose for how long things are kept; the page of the request comes next."""
    form = RetentionForm(request.POST or None, initial=own_days())
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            asked = propose_retention(
                actor_of(request), form.days(), reason=data["reason"], ticket=data["ticket"]
            )
        except (ValidationError, Refusal) as error:
            explain_failure(request, error)
        else:
            messages.success(request, "Proposed. Until it is signed, everything stays as it is.")
            return HttpResponseRedirect(reverse("change_detail", args=[asked.pk]))
    return page(request, "retention.html", {"form": form})
