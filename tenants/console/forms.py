"""What an operator fills in. The rules are the services'."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from tenants.models import Domain


class PartnerForm(forms.Form):
    """A new partner and its first owner."""

    name = forms.CharField(max_length=120, help_text="As people know it.")
    slug = forms.CharField(
        label="Short name",
        max_length=40,
        help_text="Small letters, digits and hyphens. Both host names contain it.",
    )
    owner_name = forms.CharField(label="First owner's name", max_length=120)
    owner_email = forms.EmailField(label="First owner's address")
    send = forms.BooleanField(label="Mail the owner their invitation", required=False)


class ReasonForm(forms.Form):
    """Why a partner is suspended or resumed."""

    reason = forms.CharField(max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class HostForm(forms.Form):
    """A host of the partner's own domain."""

    host = forms.CharField(max_length=253, help_text="Without scheme and port.")
    kind = forms.ChoiceField(label="Serves", choices=Domain.Kind.choices)


def show_problems(form: forms.Form, error: ValidationError) -> None:
    """Put a service's complaints beside the fields that they are about."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for field, messages in error.message_dict.items():
        target: Any = field if field in form.fields else None
        form.add_error(target, messages)
