"""Forms of tiers and subscriptions. Rules are in the services; these only read input."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from branding.commercial.escalation import LEAST_PERCENT, MOST_PERCENT, Step
from branding.commercial.margins import NAMES, Costs
from branding.commercial.months import Month
from branding.models import Tier, TierVersion
from branding.pricing import MAX_AMOUNT, MAX_BANDS, MAX_VOLUME, Band, PriceList
from branding.services.tiers import Terms
from tenants.accounts.models import Client
from tenants.accounts.services.roles import role_names
from tenants.nouns import in_words_later

MONTHS_AHEAD = 12
CO_BRANDING = in_words_later("Its clients may show their own logo beside yours")
Values = Mapping[str, Any]


class TermsForm(forms.Form):
    """What a tier asks for and holds. The bands are `BandFormSet`'s."""

    base_fee = forms.DecimalField(
        label="Base fee a month", min_value=0, max_value=MAX_AMOUNT, max_digits=13
    )
    included = forms.IntegerField(
        label="Included deliveries a month", min_value=0, max_value=MAX_VOLUME
    )
    sla_hours = forms.IntegerField(
        label=in_words_later("Exceptions solved within (hours)"),
        min_value=1,
        max_value=1000,
        initial=8,
    )
    escalate_at_1 = forms.IntegerField(
        label="First, after this much of the time (percent)",
        min_value=LEAST_PERCENT,
        max_value=MOST_PERCENT,
        required=False,
    )
    escalate_to_1 = forms.ChoiceField(label="First to", required=False)
    escalate_at_2 = forms.IntegerField(
        label="Then after (percent)",
        min_value=LEAST_PERCENT,
        max_value=MOST_PERCENT,
        required=False,
    )
    escalate_to_2 = forms.ChoiceField(label="Then to", required=False)
    sla_credit = forms.DecimalField(
        label="Credit for each one that is late, in per cent of the base fee",
        min_value=0,
        max_value=100,
        decimal_places=2,
        required=False,
    )
    sla_credit_cap = forms.DecimalField(
        label="Most that is credited in a month, in per cent of the base fee",
        min_value=0,
        max_value=100,
        decimal_places=2,
        required=False,
    )
    workflows_included = forms.IntegerField(
        label=in_words_later("Workflows"), min_value=0, max_value=10_000, required=False
    )
    connections_included = forms.IntegerField(
        label="Connections", min_value=0, max_value=10_000, required=False
    )
    starts = forms.ChoiceField(label="From")
    reason = forms.CharField(
        label="Why",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Who signs reads it.",
    )
    volume = forms.IntegerField(
        label="Deliveries in a month", min_value=0, max_value=MAX_VOLUME, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = Month.of(timezone.localdate())
        months = [now.plus(number) for number in range(MONTHS_AHEAD + 1)]
        self._offer("starts", [(str(month), month.label) for month in months])
        for name in ("escalate_to_1", "escalate_to_2"):
            self._offer(name, [("", "Nobody further"), *role_names().items()])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def starts_month(self) -> Month:
        """Return the chosen month."""
        return Month.parse(self.cleaned_data["starts"])

    def terms(self, currency: str, bands: tuple[Band, ...]) -> Terms:
        """Return the input as terms; `branding.pricing.check` still has to agree."""
        data = self.cleaned_data
        prices = PriceList(
            currency=currency,
            base_fee=data["base_fee"],
            included=data["included"],
            bands=bands,
            credit=data.get("sla_credit") or Decimal(0),
            credit_cap=data.get("sla_credit_cap") or Decimal(0),
        )
        return Terms(
            prices=prices,
            sla_hours=data["sla_hours"],
            workflows_included=data["workflows_included"],
            connections_included=data["connections_included"],
            escalation=tuple(
                Step(data[f"escalate_at_{number}"] or 100, data[f"escalate_to_{number}"])
                for number in (1, 2)
                if data[f"escalate_to_{number}"]
            ),
        )


class TierForm(TermsForm):
    """A new tier: its name and currency besides."""

    name = forms.CharField(label="Name", max_length=60)
    description = forms.CharField(label="In one line", max_length=200, required=False)
    currency = forms.CharField(
        label="Currency",
        max_length=3,
        initial="EUR",
        help_text="Three letters, such as EUR. It stays as it is.",
    )
    co_branding = forms.BooleanField(label=CO_BRANDING, required=False)

    def clean_currency(self) -> str:
        """Return the code in capitals."""
        return str(self.cleaned_data["currency"]).upper()


class CostsForm(forms.Form):
    """What a tier costs the partner, by version."""

    version = forms.ChoiceField(label="Prices from")
    month = forms.DecimalField(
        label="Each month", min_value=0, max_value=MAX_AMOUNT, decimal_places=3, required=False
    )
    delivery = forms.DecimalField(
        label="Each delivery", min_value=0, max_value=MAX_AMOUNT, decimal_places=6, required=False
    )
    hours = forms.DecimalField(
        label="Hours of work a month", min_value=0, max_value=1000, decimal_places=2, required=False
    )
    rate = forms.DecimalField(
        label="Cost of an hour", min_value=0, max_value=MAX_AMOUNT, decimal_places=3, required=False
    )

    def __init__(self, versions: Sequence[TierVersion], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["version"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(str(one.pk), Month.of(one.starts_on).label) for one in versions]

    def costs(self) -> Costs:
        """Return the input; empty is nothing."""
        return Costs(**{name: self.cleaned_data[name] or Decimal(0) for name in NAMES})


class NameForm(forms.Form):
    """What a tier is called, and whether its clients show their logo."""

    name = forms.CharField(label="Name", max_length=60)
    description = forms.CharField(label="In one line", max_length=200, required=False)
    co_branding = forms.BooleanField(label=CO_BRANDING, required=False)


class BandForm(forms.Form):
    """One price beyond the included volume. Both empty: no band."""

    up_to = forms.IntegerField(label="Up to", min_value=1, max_value=MAX_VOLUME, required=False)
    price = forms.DecimalField(
        label="Each", min_value=0, max_value=MAX_AMOUNT, decimal_places=6, required=False
    )

    def clean(self) -> dict[str, Any]:
        """Refuse a limit without a price."""
        data = super().clean() or {}
        if data.get("up_to") is not None and data.get("price") is None and not self.errors:
            self.add_error("price", "Give a price.")
        return data


_BandFormSet = forms.formset_factory(
    BandForm, extra=MAX_BANDS, max_num=MAX_BANDS, absolute_max=MAX_BANDS, validate_max=True
)


class BandFormSet(_BandFormSet):  # type: ignore[misc, valid-type]  # made by the framework
    """The bands in order; empty rows are left out."""

    def bands(self) -> tuple[Band, ...]:
        """Return the input as bands, of a valid form set."""
        return tuple(
            Band(row["up_to"], row["price"])
            for row in (form.cleaned_data for form in self.forms)
            if row.get("price") is not None
        )


def band_rows(bands: tuple[Band, ...]) -> list[dict[str, int | Decimal | None]]:
    """Return bands as the form set's initial rows."""
    return [{"up_to": band.up_to, "price": band.price.normalize()} for band in bands]


class SubscribeForm(forms.Form):
    """Which client on which tier, from when."""

    client = forms.ModelChoiceField(
        Client.objects.none(),
        label=in_words_later("Client"),
        empty_label=in_words_later("Choose a client"),
    )
    tier = forms.ModelChoiceField(Tier.objects.none(), empty_label="Choose a tier")
    starts_on = forms.DateField(
        label="From",
        initial=timezone.localdate,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text="The first month is charged by its days.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (
            ("client", Client.objects.exclude(status=Client.Status.LEFT)),
            ("tier", Tier.objects.filter(retired_at=None)),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows


class EndForm(forms.Form):
    """The last day of a subscription."""

    ends_on = forms.DateField(
        label="Last day",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text="The last month is charged by its days.",
    )

    def day(self) -> date:
        """Return the chosen day."""
        day: date = self.cleaned_data["ends_on"]
        return day
