"""Blueprints and what their newer versions change: for one workflow, or for all of them."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.text import capfirst

from governance.appliers import DiffLine
from governance.errors import Refusal
from governance.requests import actor_of
from mappings.ownership import owner_words, system_words
from syncjobs.blueprints import BLUEPRINTS
from syncjobs.definition_words import lines_of, moves, plain
from syncjobs.models import Blueprint, Connection, Workflow
from syncjobs.pages.frame import (
    back_to,
    explain_failure,
    keep_typed,
    one_of,
    page,
    reason_in,
    typed_before,
)
from syncjobs.pages.installing import SystemField
from syncjobs.services import newer_mappings, shipping, upgrades
from syncjobs.services.blueprints import partners_mappings, with_points
from syncjobs.services.newer_mappings import NewerMapping
from syncjobs.services.upgrades import Asked, Upgrade
from tenants.nouns import in_words

TOLD: Final = 10  # how many are named above the page, whose table has them all
ROWS = Workflow.objects.select_related("client", "blueprint", "version")


class UpgradeForm(forms.Form):
    """Why, the systems for roles that are new, and which own values may end."""

    reason = forms.CharField(max_length=500, help_text="For those who sign it.")
    with_mappings = forms.BooleanField(
        required=False,
        initial=True,
        label="Newer mappings go in first",
        help_text="By a request of their own, since they hold for all.",
    )

    def __init__(self, found: Upgrade, *args: Any, with_mappings: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not with_mappings:
            del self.fields["with_mappings"]
        self.lacking: list[str] = []
        for role in [*found.lacking, *found.optional]:
            is_needed = role in found.lacking
            fitting = [one.pk for one in upgrades.fitting(found.workflow, role)]
            if not fitting and not is_needed:
                continue
            self.fields[f"role_{role}"] = SystemField(
                queryset=Connection.objects.filter(pk__in=fitting),
                initial=fitting[0] if fitting else None,
                empty_label="Choose" if is_needed else "Without one",
                label=capfirst(system_words(role)),
                required=is_needed,
            )
            if not fitting:
                self.lacking.append(owner_words(role))
        for name, value in found.gone.items():
            self.fields[f"end_{name}"] = forms.BooleanField(
                label=f"Let “{plain(name)}” end",
                help_text=f"Now: {value}. The new version has no place for it.",
            )

    def asked(self) -> Asked:
        """Return what was typed."""
        given = self.cleaned_data
        return Asked(
            given["reason"],
            let_go=[name.removeprefix("end_") for name in given if name.startswith("end_")],
            systems={
                name.removeprefix("role_"): one
                for name, one in given.items()
                if name.startswith("role_") and one is not None
            },
            with_mappings=given.get("with_mappings", False),
        )


def workflow_upgrade(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what the blueprint's newest version changes of one workflow, and ask for it."""
    workflow = one_of(request, ROWS, pk)
    found = upgrades.upgrade_of(workflow)
    if found is None:
        messages.info(request, "It uses the newest version of its blueprint.")
        return back_to(request, reverse("workflow_detail", args=[pk]))
    newer = upgrades.mappings_for(workflow.blueprint, [workflow])
    due = _goes_along(newer)
    form = UpgradeForm(found, request.POST or None, with_mappings=due)
    if request.method == "POST" and form.is_valid():
        try:
            made = upgrades.propose_upgrade(actor_of(request), workflow, form.asked())
            messages.success(request, "Proposed. It changes as soon as this is signed.")
            return back_to(request, reverse("change_detail", args=[made.pk]))
        except (ValidationError, Refusal) as error:
            explain_failure(request, error)
    context = {"workflow": workflow, "upgrade": found, "form": form, "newer": newer, "due": due}
    return page(request, "workflow_upgrade.html", context)


def _goes_along(newer: list[NewerMapping]) -> bool:
    """Say whether some of them go in before the upgrade, asked for now or already."""
    return any(not one.is_edited for one in newer)


def blueprint_list(request: HttpRequest) -> HttpResponse:
    """Show the blueprints, how many use each, and where a newer version waits."""
    rows = list(Blueprint.objects.order_by("name"))
    used: dict[int, int] = {}
    older: dict[int, int] = {}
    live = upgrades.with_versions(Workflow.objects.exclude(state=upgrades.ARCHIVED))
    for one in live.only("blueprint_id"):
        used[one.blueprint_id] = used.get(one.blueprint_id, 0) + 1
        behind = bool(one.is_behind)  # type: ignore[attr-defined]  # annotated
        older[one.blueprint_id] = older.get(one.blueprint_id, 0) + behind
    blueprints = [
        {
            "row": one,
            "summary": in_words(one.summary),
            "used": used.get(one.pk, 0),
            "older": older.get(one.pk, 0),
            "asks": shipping.asks(one),
        }
        for one in rows
    ]
    return page(request, "blueprint_list.html", {"blueprints": blueprints})


def blueprint_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a blueprint, which of its workflows are behind, and what would change for them."""
    blueprint = get_object_or_404(Blueprint, slug=slug)
    rows = ROWS.filter(blueprint=blueprint).exclude(state=upgrades.ARCHIVED)
    using = list(rows.order_by("client__name", "name"))
    find = partners_mappings()
    found = [made for one in using if (made := upgrades.upgrade_of(one, find=find))]
    shown = with_points(blueprint.definition, {})
    newer = upgrades.mappings_for(blueprint, using)
    context = {
        "blueprint": blueprint,
        "summary": in_words(blueprint.summary),
        "upgrades": found,
        "ready": sum(1 for one in found if _is_ready(one)),
        "at_once": upgrades.AT_ONCE,
        "typed": typed_before(request, f"upgrade {slug}"),
        "groups": _alike(found),
        "up_to_date": len(using) - len(found),
        "newer": newer,
        "due": _goes_along(newer),
        "lines": [DiffLine(" ", one) for one in lines_of(shown)] if shown.get("steps") else [],
        "may_manage": actor_of(request).can("workflows.manage"),
        "edited": shipping.is_edited(blueprint),
        "asks": shipping.asks(blueprint),
        "shipped": _shipped(blueprint, shown),
    }
    return page(request, "blueprint_detail.html", context)


def _is_ready(one: Upgrade) -> bool:
    return not (one.request or one.gone or one.lacking or one.problem)


def _alike(found: list[Upgrade]) -> list[tuple[list[DiffLine], list[Upgrade]]]:
    """Put the workflows together for which the same changes."""
    groups: dict[tuple[DiffLine, ...], list[Upgrade]] = {}
    for one in found:
        if not one.lacking and not one.problem:
            groups.setdefault(tuple(one.lines), []).append(one)
    return [(list(lines), them) for lines, them in groups.items()]


def _shipped(blueprint: Blueprint, shown: dict[str, Any]) -> dict[str, Any] | None:
    """Return the shipped version beside a copy that the partner edited."""
    if not shipping.is_edited(blueprint):
        return None
    shape = BLUEPRINTS[blueprint.slug]
    return {"version": shape["version"], "lines": moves(shown, with_points(shape, {}))}


def blueprint_upgrade(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for the newest version for all workflows of a blueprint that are behind."""
    blueprint = get_object_or_404(Blueprint, slug=slug)
    try:
        asked = Asked(reason_in(request), with_mappings="with_mappings" in request.POST)
        made = upgrades.propose_upgrades(actor_of(request), blueprint, asked)
        _tell(request, made)
        if made.to_go:
            keep_typed(request, f"upgrade {slug}", "reason")
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("blueprint_detail", args=[slug]))


def _tell(request: HttpRequest, made: upgrades.Proposed) -> None:
    if made.requests:
        messages.success(
            request, f"Proposed {len(made.requests)}: each is a change request of its own."
        )
    if made.to_go:
        messages.info(request, f"{made.to_go} are still to go. Propose once more to go on.")
    if made.mappings is not None:
        messages.info(request, f"Request {made.mappings.pk} for the mappings is decided first.")
    if made.waiting and not made.requests:
        messages.info(request, f"{made.waiting} left out: their change requests wait already.")
    for workflow, why in made.left[:TOLD]:
        messages.warning(request, f"{workflow.client}, {workflow.name}: left out. {why}")
    if len(made.left) > TOLD:
        messages.warning(request, f"{len(made.left) - TOLD} more left out: see how each stands.")


def blueprint_mappings(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for the newer rules of the mappings that were ticked."""
    blueprint = get_object_or_404(Blueprint, slug=slug)
    using = Workflow.objects.filter(blueprint=blueprint).exclude(state=upgrades.ARCHIVED)
    chosen = set(request.POST.getlist("mapping"))
    try:
        newer = upgrades.mappings_for(blueprint, using)
        made = newer_mappings.propose_newer_mappings(
            actor_of(request),
            [one for one in newer if str(one.mapping.pk) in chosen],
            title=f"Newer mappings of {blueprint.name}",
            reason=reason_in(request),
        )
        messages.success(request, "Proposed. They change as soon as this is signed.")
        return back_to(request, reverse("change_detail", args=[made.pk]))
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("blueprint_detail", args=[slug]))


def blueprint_decide(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep the partner's edited copy, or put the shipped version in its place."""
    blueprint = get_object_or_404(Blueprint, slug=slug)
    try:
        if request.POST.get("choice") == "take":
            shipping.take_shipped(actor_of(request), blueprint, reason=reason_in(request))
            messages.success(request, in_words("Taken. Workflows stay until you propose it."))
        else:
            shipping.keep_own(actor_of(request), blueprint, reason=reason_in(request))
            messages.success(request, "Kept. The next version that is shipped asks again.")
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("blueprint_detail", args=[slug]))
