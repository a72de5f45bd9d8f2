"""The exception queue and one exception."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from governance.errors import Refusal
from governance.lists import chips, ordered, page_of
from governance.requests import actor_of
from syncjobs.indicators.stakes import stakes_of_issues
from syncjobs.models import Hold, Issue
from syncjobs.pages.frame import (
    back_to,
    explain_failure,
    one_of,
    page,
    queue_tabs,
    reason_in,
    released_words,
    utc_text,
    visible,
)
from syncjobs.services import anew, issues, previews
from syncjobs.services.advice import advice_on
from syncjobs.services.hold_releases import asked_for, needs_approval, release_holds
from syncjobs.state import DELIVERY, ISSUE
from tenants.accounts.models import User
from tenants.accounts.services.roles import role_names
from tenants.tables.listed import listed_file

OPEN = Q(state__in=sorted(ISSUE.open))


SORTS = {"cause": "title", "happened": "last_at", "due": "due_at", "owner": "owner__name"}
COLUMNS: dict[str, Callable[[Issue], object]] = {
    "Cause": lambda one: one.title,
    "Client": lambda one: one.client,
    "Kind": lambda one: one.get_class_name_display(),
    "State": lambda one: one.get_state_display(),
    "Happened": lambda one: one.count,
    "First (UTC)": lambda one: utc_text(one.first_at),
    "Last (UTC)": lambda one: utc_text(one.last_at),
    "Due (UTC)": lambda one: utc_text(one.due_at),
    "Owner": lambda one: one.owner or "",
    "Escalated (UTC)": lambda one: utc_text(one.escalated_at),
    "Resolved (UTC)": lambda one: utc_text(one.resolved_at),
    "Note": lambda one: one.resolution,
}


def _views(request: HttpRequest) -> dict[str, tuple[str, Q]]:
    """Return the queue's filters: value → words and condition."""
    return {
        "open": ("Open", OPEN),
        "late": ("Past due", OPEN & Q(due_at__lt=timezone.now())),
        "escalated": ("Escalated", OPEN & Q(level__gt=0)),
        "mine": ("Mine", OPEN & Q(owner_id=request.user.pk)),
        "unassigned": ("Unassigned", OPEN & Q(owner=None)),
        "resolved": ("Resolved", ~OPEN),
    }


def _searched(request: HttpRequest, rows: QuerySet[Issue]) -> QuerySet[Issue]:
    words = request.GET.get("q", "").strip()
    return rows.filter(Q(title__icontains=words) | Q(kind__icontains=words)) if words else rows


def exception_list(request: HttpRequest) -> HttpResponse:
    """Show the queue: grouped by cause, filtered by whose and how late."""
    rows = visible(request, Issue.objects.select_related("client", "workflow", "owner"))
    views = _views(request)
    shown = request.GET.get("show", "open")
    if shown not in views:
        shown = "open"
    options = [
        (value, words, rows.filter(condition).count() if value != "resolved" else None)
        for value, (words, condition) in views.items()
    ]
    found = _searched(request, rows.filter(views[shown][1]))
    found = ordered(request, found, SORTS, "severity", F("due_at").asc(nulls_last=True), "-pk")
    if file := listed_file(request, "exceptions", found, COLUMNS):
        return file
    listed = page_of(request, found)
    stakes = stakes_of_issues(one.pk for one in listed)
    context = {
        "page": listed,
        "rows": [(one, stakes.get(one.pk, [])) for one in listed],
        "chips": chips(request, "show", options, "open"),
        "tabs": queue_tabs(request, "exception_list"),
        "resolved": shown == "resolved",
        "may_select": shown != "resolved" and actor_of(request).can("exceptions.work"),
        "now": timezone.now(),
        "roles": role_names() if any(one.escalated_to for one in listed) else {},
    }
    return page(request, "exception_list.html", context)


def exception_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one cause: what it means, what to do, the records it stopped, its history."""
    issue = one_of(request, Issue.objects.select_related("client", "workflow", "connection"), pk)
    rows = issue.deliveries.select_related(
        "record", "origin", "connection", "workflow_version"
    ).order_by("-id")
    stopped = previews.stopped(issue)
    judged = previews.judged(stopped)
    held = _holds(issue)
    gone = anew.gone(issue)
    context = {
        "issue": issue,
        "explanation": advice_on(issue, stopped),
        "deliveries": page_of(request, rows),
        "stakes": stakes_of_issues([issue.pk]).get(issue.pk, []),
        "entries": issue.entries.order_by("-id")[:30],
        "may_work": actor_of(request).can("exceptions.work", issue.client_id)
        and issue.state in ISSUE.open,
        "may_retry": issue.inbound.exists() or bool(judged and judged.goes),
        "preview": judged,
        "stopped": stopped.count() if judged else 0,
        "anew": previews.judged_anew(gone),
        "gone": gone.count(),
        "holds": len(held),
        "others_sign": sum(map(needs_approval, held)),
        "asked": asked_for(held),
        "stopping": issue.deliveries.filter(state__in=sorted(DELIVERY.open)).count(),
        "failed": issues.stopped_for_good(issue).count(),
        "at_a_time": issues.MOST,
        "is_mine": issue.owner_id == request.user.pk,
        "may": actor_of(request).permissions,
        "now": timezone.now(),
        "roles": role_names() if issue.escalated_to else {},
    }
    return page(request, "exception_detail.html", context)


def _holds(issue: Issue) -> list[Hold]:
    found = Hold.objects.filter(delivery__issue=issue, released_at=None)
    return list(found.select_related("delivery__workflow_version", "delivery__record"))


def _retry(request: HttpRequest, issue: Issue) -> str:
    doubtful = request.POST.get("doubtful") == "1"
    return told(issues.retry_issue(actor_of(request), issue, doubtful=doubtful))


def told(retried: issues.Retried) -> str:
    """Return what was tried again, and what was left, in words."""
    count, left = retried.count, retried.left
    text = f"{count} {'record is' if count == 1 else 'records are'} tried again now."
    if left:
        stays = "needs a person and stays" if left == 1 else "need a person and stay"
        text += f" {left} {stays} as before."
    return f"{text} There are more: try those as well." if retried.more else text


def _make_again(request: HttpRequest, issue: Issue) -> str:
    doubtful = request.POST.get("doubtful") == "1"
    reason = reason_in(request)
    return told_anew(
        anew.make_issue_again(actor_of(request), issue, reason=reason, doubtful=doubtful)
    )


def told_anew(made: issues.Retried) -> str:
    """Return what is made again, and what was left, in words."""
    count, left = made.count, made.left
    text = f"{count} {'record is' if count == 1 else 'records are'} made again there."
    if left:
        text += f" {left} {'needs' if left == 1 else 'need'} a look in the target first."
    return text


def _skip(request: HttpRequest, issue: Issue) -> str:
    count = anew.skip_issue(actor_of(request), issue, reason=reason_in(request))
    return f"Skipped {count}. A later change of a record asks again."


def _resolve(request: HttpRequest, issue: Issue) -> str:
    skip = request.POST.get("skip") == "1"
    settled = issues.resolve_issue(actor_of(request), issue, reason=reason_in(request), skip=skip)
    skipped = settled.skipped
    if settled.more:
        return f"{skipped} skipped. More failed, so it stays open: skip those as well."
    told = f"Resolved, and {skipped} skipped." if skipped else "Resolved."
    return f"{told} It reopens by itself if the cause comes back."


def _take(request: HttpRequest, issue: Issue) -> str:
    user = request.user
    if not isinstance(user, User):
        raise ValidationError("Support works on it and never owns it.")
    issues.assign_issue(actor_of(request), issue, user)
    return "It is yours."


def _comment(request: HttpRequest, issue: Issue) -> str:
    issues.comment_issue(actor_of(request), issue, request.POST.get("reason", ""))
    return "Comment added."


def _release(request: HttpRequest, issue: Issue) -> str:
    """Let what this cause holds pass, on the person's word."""
    reason = reason_in(request)
    held = _holds(issue)
    if not held:
        raise ValidationError("Nothing is on hold here any more.")
    told = released_words(release_holds(actor_of(request), held[: issues.MOST], reason=reason))
    left = len(held) - issues.MOST
    return f"{told} {left} more wait: release those as well." if left > 0 else told


ACTIONS = {
    "retry": _retry,
    "make_again": _make_again,
    "skip": _skip,
    "release": _release,
    "resolve": _resolve,
    "take": _take,
    "comment": _comment,
}


def exception_action(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Do what was asked and come back to the exception."""
    issue = one_of(request, Issue.objects.all(), pk)
    try:
        messages.success(request, ACTIONS[action](request, issue))
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("exception_detail", args=[pk]))
