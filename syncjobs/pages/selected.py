"""Several exceptions at once: what trying them again does, whose they are, a note for all."""

from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse

from governance.deadlocks import again_after_deadlock
from governance.errors import Refusal
from governance.lists import number_in
from governance.requests import actor_of
from syncjobs.models import Delivery, Issue
from syncjobs.pages.exceptions import told, told_anew
from syncjobs.pages.frame import explain_failure, page, reason_in, visible
from syncjobs.services import anew, issues, previews
from syncjobs.services.catalogue import GONE
from syncjobs.state import DELIVERY, ISSUE, NEEDS_PERSON
from tenants.accounts.models import User
from tenants.nouns import in_words

MOST_SELECTED: Final = 100


def _selected(request: HttpRequest, asked: QueryDict) -> QuerySet[Issue]:
    """Return the open ones of those that were selected."""
    named = map(number_in, asked.getlist("id"))
    ids = [one for one in named if one is not None][:MOST_SELECTED]
    rows = visible(request, Issue.objects.select_related("client", "owner"))
    return rows.filter(pk__in=ids, state__in=sorted(ISSUE.open)).order_by("severity", "pk")


def _people(request: HttpRequest, selected: list[Issue]) -> list[User]:
    """Return who may be given all of them and work on them: staff, and people of their one
    client."""
    clients = {one.client_id for one in selected}
    theirs = Q(client_id__in=clients) if len(clients) == 1 else Q()
    everybody = Q(client=None) | theirs if theirs else Q(client=None)
    own = actor_of(request).client_id
    rows = User.objects.filter(everybody if own is None else Q(client_id=own), is_active=True)
    found = rows.order_by("client_id", "name").prefetch_related("role_grants")
    return [one for one in found if "exceptions.work" in one.permissions]


def exceptions_selected(request: HttpRequest) -> HttpResponse:
    """Show the selected ones, and what trying all of them again comes to."""
    selected = list(_selected(request, request.GET))
    if not selected:
        messages.info(request, "Select some that are open first.")
        return HttpResponseRedirect(reverse("exception_list"))
    stopped = Delivery.objects.filter(issue__in=selected, state__in=DELIVERY.sources("retry"))
    judged = previews.judged(stopped)
    aside = any(one.inbound.exists() for one in selected)
    ids = [one.pk for one in selected if one.kind == GONE]
    gone = Delivery.objects.filter(issue__in=ids, state__in=sorted(NEEDS_PERSON))
    context = {
        "selected": selected,
        "preview": judged,
        "stopped": stopped.count() if judged else 0,
        "most": issues.MOST,
        "aside": aside,
        "anew": previews.judged_anew(gone),
        "may_retry": aside or bool(judged and judged.goes),
        "people": _people(request, selected),
    }
    return page(request, "exceptions_selected.html", context)


def _retry(request: HttpRequest, selected: list[Issue]) -> str:
    actor = actor_of(request)
    each = [issues.retry_issue(actor, one) for one in selected]
    count, left = sum(one.count for one in each), sum(one.left for one in each)
    return told(issues.Retried(count, left, any(one.more for one in each)))


def _make_again(request: HttpRequest, selected: list[Issue]) -> str:
    actor, reason = actor_of(request), reason_in(request)
    doubtful = request.POST.get("doubtful") == "1"
    each = [
        anew.make_issue_again(actor, one, reason=reason, doubtful=doubtful)
        for one in _gone(selected)
    ]
    return told_anew(issues.Retried(sum(one.count for one in each), sum(one.left for one in each)))


def _skip(request: HttpRequest, selected: list[Issue]) -> str:
    actor, reason = actor_of(request), reason_in(request)
    count = sum(anew.skip_issue(actor, one, reason=reason) for one in _gone(selected))
    return f"Skipped {count}. A later change of a record asks again."


def _gone(selected: list[Issue]) -> list[Issue]:
    """Return those of the selected that say what is gone. Raises ValidationError without any."""
    found = [one for one in selected if anew.gone(one).exists()]
    if not found:
        raise ValidationError("Nothing of these is gone in a target any more.")
    return found


def _assign(request: HttpRequest, selected: list[Issue]) -> str:
    wanted = request.POST.get("owner", "")
    owner = next((one for one in _people(request, selected) if str(one.pk) == wanted), None)
    if owner is None:
        raise ValidationError("Choose who works on them.")
    for one in selected:
        issues.assign_issue(actor_of(request), one, owner)
    return f"{len(selected)} given to {owner.name}."


def _resolve(request: HttpRequest, selected: list[Issue]) -> str:
    reason = reason_in(request)
    for one in selected:
        issues.resolve_issue(actor_of(request), one, reason=reason)
    return f"{len(selected)} resolved. Each reopens by itself if its cause comes back."


ACTIONS: Final[dict[str, Callable[[HttpRequest, list[Issue]], str]]] = {
    "retry": _retry,
    "make_again": _make_again,
    "skip": _skip,
    "assign": _assign,
    "resolve": _resolve,
}


@again_after_deadlock
@transaction.atomic
def _done(request: HttpRequest, action: str, selected: list[Issue]) -> str:
    return ACTIONS[action](request, selected)


def exceptions_selected_action(request: HttpRequest, action: str) -> HttpResponse:
    """Do one thing to all of them, or to none: back to the queue."""
    selected = list(_selected(request, request.POST))
    try:
        if not selected:
            raise ValidationError(in_words("None of these exceptions is open any more."))
        messages.success(request, _done(request, action, selected))
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return HttpResponseRedirect(reverse("exception_list"))
