"""Forms of what is agreed with one client. Rules are in the services; these only read input."""

from typing import Any

from django import forms

from branding.commercial.fees import MAX_NAME, MAX_WHY, USUAL
from branding.pricing import MAX_AMOUNT


class FeeForm(forms.Form):
    """A one-off fee of a month."""

    what = forms.ChoiceField(
        label="What for",
        choices=[*((one, one) for one in USUAL), ("", "Something else")],
        required=False,
    )
    name = forms.CharField(
        label="In your own words",
        max_length=MAX_NAME,
        required=False,
        help_text="It stands on the statement instead of the word above.",
    )
    amount = forms.DecimalField(label="Amount", min_value=0, max_value=MAX_AMOUNT, max_digits=13)
    why = forms.CharField(
        label="Why",
        max_length=MAX_WHY,
        help_text="It stands on the statement, and who signs reads it.",
    )

    def clean(self) -> dict[str, Any]:
        """Take the word that was chosen where no others are given."""
        data = super().clean() or {}
        data["name"] = data.get("name") or data.get("what") or ""
        if not data["name"]:
            self.add_error("name", "Name the fee.")
        return data


class ReasonForm(forms.Form):
    """Why something is taken back."""

    reason = forms.CharField(
        label="Why",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Who signs reads it.",
    )
