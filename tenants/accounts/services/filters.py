"""Saving a list's filter under a name, for oneself or for the staff, and deleting it."""

from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict

from governance.actions import Action
from governance.actors import Actor
from governance.errors import NotPermitted
from governance.services import audit
from tenants.accounts import actions
from tenants.accounts.models import SavedFilter
from tenants.accounts.names import plain_name

# The lists, by URL name. Their addresses have no parameters.
PAGES: Final = frozenset(
    {
        "audit_list", "change_list", "client_list", "connection_list", "engagement_list",
        "exception_list", "hold_list", "mapping_list", "person_list", "record_list", "run_list",
        "statement_list", "subscription_list", "tier_list", "token_list", "usage_overview",
        "value_map_list", "workflow_list",
    }
)  # fmt: skip
MOST: Final = 30
_LEFT_OUT: Final = ("page", "csrfmiddlewaretoken")


def visible_filters(actor: Actor) -> QuerySet[SavedFilter]:
    """Return the person's own filters and, for staff, those that staff share."""
    mine = Q(user_id=actor.user_id)
    staff = Q(shared=True, user__client=None) if actor.client_id is None else Q()
    return SavedFilter.objects.filter(mine | staff if staff else mine)


def kept_query(text: str) -> str:
    """Return what of an address is worth keeping: without the number of the page."""
    query = QueryDict(text[:4000], mutable=True)
    for name in _LEFT_OUT:
        query.pop(name, None)
    return query.urlencode()


@transaction.atomic
def save_filter(
    actor: Actor, *, page: str, name: str, query: str, shared: bool = False
) -> SavedFilter:
    """Keep a filter; one of the same name takes the new content.

    Raises NotPermitted for what is no person, and for a client's person who would share;
    ValidationError.
    """
    if actor.kind != "person" or actor.id is None or (shared and actor.client_id is not None):
        raise NotPermitted("Only a person keeps filters, and only staff share them.")
    kept, named = kept_query(query), plain_name(name)
    if page not in PAGES:
        raise ValidationError("This page has no filters.")
    if not kept:
        raise ValidationError("Choose a filter or search for something first.")
    mine = SavedFilter.objects.filter(user_id=actor.id, page=page)
    if mine.exclude(name=named).count() >= MOST:
        raise ValidationError(f"There are {MOST} filters already: delete one first.")
    found = mine.filter(name=named).first() or SavedFilter(user_id=actor.id, page=page, name=named)
    found.query, found.shared = kept, shared
    found.full_clean()
    found.save()
    _record(actions.FILTER_SAVED, actor, found)
    return found


@transaction.atomic
def delete_filter(actor: Actor, pk: int) -> SavedFilter:
    """Delete one's own filter; a shared one also by those who manage the staff.

    Raises SavedFilter.DoesNotExist for anybody else's.
    """
    found = visible_filters(actor).get(pk=pk)
    if found.user_id != actor.user_id and not actor.can("users.manage", None):
        raise SavedFilter.DoesNotExist
    _record(actions.FILTER_DELETED, actor, found)
    found.delete()
    return found


def _record(action: Action, actor: Actor, saved: SavedFilter) -> None:
    audit.record(
        action,
        object_kind="saved_filter",
        object_id=saved.pk,
        object_label=saved.name,
        client_id=actor.client_id,
        after={"page": saved.page, "shared": saved.shared},
    )
