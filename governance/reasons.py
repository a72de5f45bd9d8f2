"""Why a change is proposed: what every form that proposes one asks at its end."""

from django import forms


class ReasonForm(forms.Form):
    """A reason and, where there is one, a ticket.

    A form with fields of its own names them in `field_order`: these two come after them.
    """

    reason = forms.CharField(
        max_length=2000,
        label="Why",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why this is to change."},
    )
    ticket = forms.CharField(required=False, max_length=100, label="Ticket")
