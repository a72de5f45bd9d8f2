"""Resolving an exception, or trying what it stops again: so many at a time."""

import pytest

from governance.actors import Actor
from governance.errors import BadTransition
from governance.models import AuditEntry
from syncjobs.models import Delivery, Issue, Run
from syncjobs.services.issues import Retried, Settled, resolve_issue, retry_issue
from tests.syncjobs.factories import Lab, failed, step
from tests.syncjobs.releases import TAX_GATE


def test_resolving_may_skip_what_was_settled_elsewhere(lab: Lab, dave: Actor) -> None:
    failed(lab, "1", "2")
    issue = Issue.objects.get()
    assert resolve_issue(dave, issue, reason="Entered there by hand.", skip=True) == Settled(2)
    issue.refresh_from_db()
    assert (issue.state, issue.resolution) == ("resolved", "Entered there by hand.")
    assert [lab.delivery(f"C-{n}").state for n in (1, 2)] == ["skipped", "skipped"]
    assert {one.outcome for one in Delivery.objects.all()} == {"Entered there by hand."}
    said = list(issue.entries.order_by("id").values_list("text", flat=True))
    assert said[-2:] == ["Resolved: Entered there by hand.", "Skipped 2."]
    assert not Run.objects.filter(failed__gt=0).exists()


def test_resolving_leaves_what_is_on_hold_on_hold(lab: Lab, dave: Actor) -> None:
    lab.replace_workflow([step("customer", lab.target_connection, gates=[TAX_GATE])])
    lab.put_customer("1")
    lab.drain()
    assert resolve_issue(dave, Issue.objects.get(), reason="Known.", skip=True) == Settled(0)
    assert lab.delivery("C-1").state == "held"


def test_trying_all_again_takes_the_latest_and_says_that_there_are_more(
    lab: Lab, dave: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncjobs.services.issues.MOST", 2)
    failed(lab, "1", "2", "3")
    issue = Issue.objects.get()
    assert retry_issue(dave, issue) == Retried(2, left=0, more=True)
    assert [lab.delivery(f"C-{n}").state for n in (1, 2, 3)] == ["failed", "pending", "pending"]
    assert retry_issue(dave, issue) == Retried(1, left=0)


def test_it_stays_open_while_more_failed_than_are_skipped_at_a_time(
    lab: Lab, dave: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncjobs.services.issues.MOST", 2)
    failed(lab, "1", "2", "3")
    issue = Issue.objects.get()
    assert resolve_issue(dave, issue, reason="By hand.", skip=True) == Settled(2, more=True)
    issue.refresh_from_db()
    assert (issue.state, issue.resolution) == ("open", "")
    assert [lab.delivery(f"C-{n}").state for n in (1, 2, 3)] == ["skipped", "skipped", "failed"]
    last = issue.entries.order_by("id").last()
    assert last is not None
    assert last.text == "Skipped 2. More are left: By hand."
    assert not AuditEntry.objects.filter(action="exception.resolved").exists()
    assert resolve_issue(dave, issue, reason="By hand.", skip=True) == Settled(1)
    issue.refresh_from_db()
    assert (issue.state, issue.resolution) == ("resolved", "By hand.")
    with pytest.raises(BadTransition):
        resolve_issue(dave, issue, reason="By hand.", skip=True)
