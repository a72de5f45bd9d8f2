"""What a partner fills in about its domains. The rules are the services'."""

from django import forms

from tenants.models import Domain


class DomainForm(forms.Form):
    """A name of the partner's own and what it serves."""

    domain = forms.CharField(
        label="Domain",
        max_length=1000,
        strip=False,
        help_text="The whole name, as in portal.example.com.",
    )
    kind = forms.ChoiceField(label="Serves", choices=Domain.Kind.choices)
