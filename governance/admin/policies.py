"""The approval rules: which there are, and proposing another one."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from governance.actions import worded
from governance.admin.frame import sections
from governance.appliers import governed_kinds, kind_label
from governance.doors import guarded_page
from governance.errors import InvalidProposal, Refusal
from governance.models import Policy
from governance.models.policy import ANY_KIND
from governance.policy_terms import MOST_APPROVALS, Terms, put_in_words
from governance.reasons import ReasonForm
from governance.requests import actor_of
from governance.services.policies import policy_for
from governance.services.policy_changes import (
    RISKS,
    label_of,
    propose_policy,
    read_target,
    target_of,
    terms_of,
)
from governance.signers import role_names

_ALL = "all"  # "*" in an address
_RISK_WORDS = {
    "any": "Any",
    "heavy": "With money, or weaker control",
    "light": "Without either",
}


_GROUPS = (
    ("Signatures", ("approvals", "approver_roles", "client_signature", "independence_days")),
    ("Going live", ("impact_required", "auto_apply", "in_window", "expires_after_hours")),
    ("Emergencies and solo", ("review_within_hours", "solo")),
    ("Reason", ("reason", "ticket")),
)


class PolicyForm(ReasonForm):
    """What a rule asks for, and why it is to."""

    approvals = forms.IntegerField(
        min_value=0,
        max_value=MOST_APPROVALS,
        label="Approvals by staff",
        help_text="By people who did not write the change. 0 for brand and logos only.",
    )
    approver_roles = forms.MultipleChoiceField(
        required=False,
        label="Roles that may approve",
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: everybody who may approve.",
    )
    client_signature = forms.BooleanField(
        required=False, label="The client signs too, when it concerns one client"
    )
    impact_required = forms.BooleanField(
        required=False,
        label="Signed with an impact preview only",
    )
    auto_apply = forms.BooleanField(required=False, label="Live with the last signature")
    in_window = forms.BooleanField(required=False, label="In release windows only")
    expires_after_hours = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=8760,
        label="Hours until a request expires",
        help_text="Empty: never.",
    )
    review_within_hours = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=720,
        label="Hours until an emergency is reviewed",
        help_text="Not reviewed in time, it is taken back. Empty: no emergencies.",
    )
    independence_days = forms.IntegerField(
        min_value=0,
        max_value=365,
        label="Days of independence",
        help_text="So long nobody signs for whoever let them in, or whom they let in.",
    )
    solo = forms.BooleanField(
        required=False,
        label="Solo: the author lets it in alone while nobody else could sign",
        help_text="Recorded on everything that goes in so.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        signs = self.fields["client_signature"]
        signs.label = worded(str(signs.label))
        self.fields["approver_roles"].choices = list(role_names().items())  # type: ignore[attr-defined]  # a choice

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return the fields by what they are about, with titles."""
        return [(title, [self[name] for name in names]) for title, names in _GROUPS]

    def terms(self) -> Terms:
        """Return what was filled in."""
        data = self.cleaned_data
        values = {name: data[name] for name in Terms().as_json()}
        return Terms(**{**values, "approver_roles": tuple(sorted(data["approver_roles"]))})


@guarded_page("changes.view")
@require_GET
def policy_list(request: HttpRequest) -> HttpResponseBase:
    """Show every rule, and for which kinds of change there is none of their own."""
    names, kinds = role_names(), governed_kinds()
    found = sorted(Policy.objects.all(), key=lambda one: (one.kind == ANY_KIND, target_of(one)))
    rows = [
        {
            "kind": _kind_words(one.kind),
            "risk": _RISK_WORDS[risk] if (risk := _risk_of(one)) != "any" else "",
            "words": _worded(terms_of(one), names),
            "url": _address(target_of(one)),
        }
        for one in found
    ]
    own = {one.kind for one in found}
    context = {
        "rows": rows,
        "tabs": sections(request, "policy_list"),
        "without": [
            {"label": worded(label), "url": _address(f"{kind}/any")}
            for kind, label in kinds.items()
            if kind not in own
        ],
        "may_propose": actor_of(request).can("changes.propose", None),
    }
    return render(request, "governance/policy_list.html", context)


@guarded_page("changes.propose")
@require_http_methods(["GET", "POST"])
def policy_edit(request: HttpRequest, kind: str, risk: str) -> HttpResponseBase:
    """Fill in a rule and propose it; with `remove`, propose that it goes."""
    target = f"{ANY_KIND if kind == _ALL else kind}/{risk}"
    try:
        stored_kind, touches_money = read_target(target)
    except InvalidProposal as unknown:
        raise Http404 from unknown
    found = Policy.objects.filter(kind=stored_kind, touches_money=touches_money).first()
    form = PolicyForm(request.POST or None, initial=_initial(stored_kind, found))
    removes = "remove" in request.POST
    if request.method == "POST" and (form.is_valid() or (removes and "reason" not in form.errors)):
        data = form.cleaned_data
        try:
            asked = propose_policy(
                actor_of(request),
                target,
                None if removes else form.terms(),
                reason=data["reason"],
                ticket=data.get("ticket", ""),
            )
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "Proposed. Until it is signed, the rule stays as it is.")
            return redirect("change_detail", asked.pk)
    context = {
        "form": form,
        "label": worded(label_of(target)),
        "exists": found is not None,
        "removable": found is not None and target != f"{ANY_KIND}/any",
        "others": [
            {"label": words, "url": _address(f"{stored_kind}/{key}"), "active": key == risk}
            for key, words in _RISK_WORDS.items()
        ],
    }
    return render(request, "governance/policy_edit.html", context)


def _risk_of(policy: Policy) -> str:
    return target_of(policy).rpartition("/")[2]


def _worded(terms: Terms, names: Mapping[str, str]) -> dict[str, str]:
    """Return what a rule asks for in three lines."""
    words = put_in_words(terms, names)
    return {
        "signatures": worded(" and ".join(words.signatures)),
        "going_live": worded(", ".join(words.going_live)),
        "limits": worded(" · ".join(words.limits)),
    }


def _kind_words(kind: str) -> str:
    return "All other changes" if kind == ANY_KIND else worded(kind_label(kind))


def _initial(kind: str, found: Policy | None) -> dict[str, object]:
    """A rule that is not there yet begins as what governs such changes now."""
    if found is None:
        try:
            found = policy_for(kind, touches_money=True)
        except Refusal:
            return Terms().as_json()
    return terms_of(found).as_json()


def _address(target: str) -> str:
    kind, _, risk = target.rpartition("/")
    assert risk in RISKS
    return reverse("policy_edit", args=[_ALL if kind == ANY_KIND else kind, risk])
