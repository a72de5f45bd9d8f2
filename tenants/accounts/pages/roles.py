"""The roles as people choose and compare them, and the partner's own: making and changing one."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance.lists import chips
from governance.models import ChangeRequest
from governance.requests import actor_of
from tenants.accounts.models import Role
from tenants.accounts.pages.forms import RoleForm
from tenants.accounts.pages.frame import attempt, page, say_refusal, tabs
from tenants.accounts.permissions import GROUPS
from tenants.accounts.services.role_changes import change_or_propose
from tenants.accounts.services.roles import (
    KnownRole,
    holders_of,
    known_roles,
    make_role,
    remove_role,
)
from tenants.nouns import in_words

SEES = ("users.manage", "audit.view")


@dataclass(frozen=True, slots=True)
class Line:
    """A permission, and for each role its name and whether it has it."""

    label: str
    cells: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Which role has which permission: those that any of the roles has, in their groups."""

    title: str
    roles: tuple[KnownRole, ...]
    groups: tuple[tuple[str, tuple[Line, ...]], ...]

    @property
    def width(self) -> int:
        """How many columns the table has."""
        return len(self.roles) + 1


def matrix(title: str, roles: Sequence[KnownRole]) -> Matrix:
    """Return the table of some roles."""
    groups = []
    for group, permissions in GROUPS.items():
        lines = [
            Line(in_words(label), tuple((role.name, name in role.permissions) for role in roles))
            for name, label in permissions.items()
        ]
        kept = tuple(line for line in lines if any(held for _, held in line.cells))
        if kept:
            groups.append((in_words(group), kept))
    return Matrix(title, tuple(roles), tuple(groups))


@require_GET
def role_matrix(request: HttpRequest) -> HttpResponse:
    """Show who may do what: to staff all roles, to a client its own."""
    actor = actor_of(request)
    tables = [matrix(in_words("Clients' people"), known_roles(of_client=True))]
    if actor.client_id is None:
        tables.insert(0, matrix("Staff", known_roles(of_client=False)))
    context = {
        "tables": tables,
        "tabs": tabs(request, "role_matrix"),
        "may_change": actor.can("users.manage", None),
    }
    return page(request, "accounts/manage/role_matrix.html", context)


def _to_matrix() -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("role_matrix"))


@require_http_methods(["GET", "POST"])
def role_add(request: HttpRequest) -> HttpResponse:
    """Make a role, for staff or for clients' people."""
    actor = actor_of(request)
    kind = Role.Kind.CLIENT if request.GET.get("for") == "client" else Role.Kind.STAFF
    form = RoleForm(request.POST or None, actor=actor, kind=kind)

    def make() -> Role:
        return make_role(actor, kind=kind, **form.cleaned_data)

    made = attempt(form, make) if request.method == "POST" else None
    if made:
        messages.success(request, f"{made.name} was made. Give it to somebody under People.")
        return _to_matrix()
    options: list[tuple[str, str, int | None]] = [
        ("", "Staff", None),
        ("client", in_words("Clients' people"), None),
    ]
    context = {"form": form, "role": None, "chips": chips(request, "for", options, "")}
    return page(request, "accounts/manage/role_form.html", context)


@require_http_methods(["GET", "POST"])
def role_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one of the partner's own roles."""
    actor = actor_of(request)
    role = get_object_or_404(Role, pk=pk)
    shown = {"name": role.name, "note": role.note, "permissions": role.permissions}
    form = RoleForm(request.POST or None, actor=actor, kind=role.kind, role=role, initial=shown)

    def change() -> Role | ChangeRequest:
        return change_or_propose(actor, role, **form.cleaned_data)

    saved = attempt(form, change) if request.method == "POST" else None
    if isinstance(saved, ChangeRequest):
        messages.success(request, "Proposed: somebody has this role, so somebody else signs it.")
        return HttpResponseRedirect(reverse("change_detail", args=[saved.pk]))
    if saved:
        messages.success(request, f"{saved.name} holds as it is now from the next page on.")
        return _to_matrix()
    context = {"form": form, "role": role, "holders": holders_of(role)}
    return page(request, "accounts/manage/role_form.html", context)


@require_POST
def role_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a role that nobody has."""
    role = get_object_or_404(Role, pk=pk)
    try:
        remove_role(actor_of(request), role)
    except ValidationError as error:
        say_refusal(request, error)
        return HttpResponseRedirect(reverse("role_edit", args=[pk]))
    messages.success(request, f"{role.name} was removed.")
    return _to_matrix()
