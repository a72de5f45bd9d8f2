"""The audit explorer's filters, from the address of a page."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils import timezone

from governance.actions import action_label, registered_actions
from governance.objects import known_objects, object_words
from governance.services.trail import Filters

MACHINERY = {
    "task": "Background tasks",
    "command": "Commands on the server",
    "token": "API tokens",
    "operator": "Operators",
    "support": "Support",
    "system": "System",
    "anonymous": "Nobody signed in",
}
_PEOPLE = 500
_KIND = re.compile(r"[a-z_]{1,60}")
_PERSON = re.compile(r"person:([1-9][0-9]{0,17})")
_SUPPORT = re.compile(r"support:([1-9][0-9]{0,17})")


class TrailForm(forms.Form):
    """Who, what, on which object, when. All optional."""

    who = forms.ChoiceField(required=False, label="Actor")
    action = forms.ChoiceField(required=False, label="Action")
    kind = forms.ChoiceField(required=False, label="Kind of object")
    named = forms.CharField(
        required=False, max_length=200, label="Name of the object, or a part of it"
    )
    target = forms.CharField(required=False, max_length=80, label="Number of the object")
    since = forms.DateField(
        required=False, label="From", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label="Until", widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        who, action, kind = self.fields["who"], self.fields["action"], self.fields["kind"]
        named = _people(self._asked_for())
        kinds = [(f"{key}:", label) for key, label in MACHINERY.items()]
        if grant := _SUPPORT.fullmatch(self._asked_for()):
            kinds.append((grant[0], f"Support, grant {grant[1]}"))
        if isinstance(kind, forms.ChoiceField):
            kind.choices = [("", "All kinds"), *_kinds(str(self.data.get("kind", "")).strip())]
        if isinstance(who, forms.ChoiceField) and isinstance(action, forms.ChoiceField):
            who.choices = [("", "Everybody"), *sorted(named, key=lambda one: one[1]), *kinds]
            action.choices = [
                ("", "All actions"),
                *[(one.key, action_label(one.key)) for one in registered_actions()],
            ]

    def _asked_for(self) -> str:
        return str(self.data.get("who", ""))

    def filters(self) -> Filters:
        """Return what was asked for; days are whole days in the viewer's time zone."""
        data = self.cleaned_data
        kind, _, number = data["who"].partition(":")
        return Filters(
            actor_kind=kind,
            actor_id=int(number) if number else None,
            action=data["action"],
            object_kind=data["kind"].strip(),
            object_id=data["target"].strip(),
            object_name=data["named"].strip(),
            since=_midnight(data["since"], days=0),
            until=_midnight(data["until"], days=1),
        )


def _people(asked: str) -> list[tuple[str, str]]:
    """Return the people to choose from, with one beyond them who is asked for."""
    everybody = get_user_model()._default_manager.order_by("pk")
    people = list(everybody[:_PEOPLE])
    one = _PERSON.fullmatch(asked)
    if one and int(one[1]) not in {user.pk for user in people}:
        people += everybody.filter(pk=int(one[1]))
    return [(f"person:{user.pk}", str(user)) for user in people]


def _kinds(asked: str) -> list[tuple[str, str]]:
    """Return the kinds to choose from, with one that only old entries have when it is asked for."""
    known = known_objects()
    strange = _KIND.fullmatch(asked) and asked not in dict(known)
    return [*known, (asked, object_words(asked))] if strange else known


def _midnight(day: date | None, *, days: int) -> datetime | None:
    if day is None:
        return None
    later = day + timedelta(days=days) if day < date.max else day  # none comes after the last
    return timezone.make_aware(datetime.combine(later, time.min))
