"""Forms of what is agreed with one client. Rules are in the services; these only read input."""

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils import timezone

from branding.commercial.agreements import Agreement, Own
from branding.commercial.fees import MAX_NAME, MAX_WHY, USUAL
from branding.commercial.months import Month
from branding.pricing import MAX_AMOUNT, MAX_VOLUME, Band

MONTHS_BACK: Final = 3
MONTHS_AHEAD: Final = 24
MONTHS_SHOWN: Final = 36


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


class AgreementForm(forms.Form):
    """What differs from the tier for one client; empty: as the tier has it. The bands are
    `BandFormSet`'s.
    """

    starts = forms.ChoiceField(label="From")
    ends = forms.ChoiceField(label="Until", required=False)
    base_fee = forms.DecimalField(
        label="Base fee a month", min_value=0, max_value=MAX_AMOUNT, max_digits=13, required=False
    )
    included = forms.IntegerField(
        label="Included deliveries a month", min_value=0, max_value=MAX_VOLUME, required=False
    )
    discount = forms.DecimalField(
        label="Discount in per cent", min_value=0, max_value=100, decimal_places=2, required=False
    )
    why = forms.CharField(label="Why", max_length=200, help_text="Who signs reads it.")
    volume = forms.IntegerField(
        label="Deliveries in a month", min_value=0, max_value=MAX_VOLUME, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = Month.of(timezone.localdate())
        months = [now.plus(number) for number in range(-MONTHS_BACK, MONTHS_AHEAD + 1)]
        listed = [(str(month), month.label) for month in months]
        _choose(self, "starts", listed)
        _choose(self, "ends", [("", "No end"), *listed])
        self.fields["starts"].initial = str(now)

    def own(self, bands: tuple[Band, ...]) -> Own:
        """Return the input as terms."""
        data = self.cleaned_data
        return Own(
            base_fee=data.get("base_fee"),
            included=data.get("included"),
            bands=bands or None,
            discount=data.get("discount") or Decimal(0),
        )

    def months(self) -> tuple[Month, Month | None]:
        """Return the chosen months."""
        ends = self.cleaned_data["ends"]
        return Month.parse(self.cleaned_data["starts"]), Month.parse(ends) if ends else None


class AgreementEndForm(ReasonForm):
    """After which month an agreement ends; none of them: it is taken back."""

    ends = forms.ChoiceField(label="Last month", required=False)

    def __init__(self, agreement: Agreement, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        months = [agreement.starts.plus(number) for number in range(MONTHS_SHOWN)]
        listed = [(str(one), one.label) for one in months if agreement.covers(one)]
        _choose(self, "ends", [*listed, ("", "None: take it back")])

    def month(self) -> Month | None:
        """Return the chosen month."""
        ends = self.cleaned_data["ends"]
        return Month.parse(ends) if ends else None


def _choose(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
