"""Faults on request, and what each leaves behind."""

import http.client
import time
from typing import Any

import pytest

from syncjobs.sandbox.client import SandboxClient, SandboxError

ACCOUNT = {"number": "A-1", "name": "Thorncastle", "currency": "GBP"}


def _accounts(crm: SandboxClient) -> int:
    return len(list(crm.pages("accounts")))


def test_an_error_status_comes_as_often_as_asked_and_does_nothing(crm: SandboxClient) -> None:
    crm.fault("status", status=429, count=2, retry_after=1, method="POST")
    statuses: list[tuple[int, Any]] = []

    for _ in range(3):
        headers = {"Authorization": "Bearer sandbox-token"}
        answer = crm.send("POST", "/v2/accounts", ACCOUNT, headers)
        statuses.append((answer.status, answer.headers.get("retry-after")))

    assert statuses == [(429, "1"), (429, "1"), (201, None)]
    assert _accounts(crm) == 1


@pytest.mark.parametrize(("kind", "left"), [("drop_before", 0), ("drop_after_commit", 1)])
def test_a_dropped_connection_leaves_the_caller_without_an_answer(
    crm: SandboxClient, kind: str, left: int
) -> None:
    crm.fault(kind)

    with pytest.raises((http.client.HTTPException, OSError)):
        crm.call("POST", "/v2/accounts", ACCOUNT)

    assert _accounts(crm) == left


def test_garbage_hides_that_the_work_was_done(crm: SandboxClient) -> None:
    crm.fault("garbage")

    answer = crm.call("POST", "/v2/accounts", ACCOUNT)

    assert isinstance(answer, bytes)
    assert _accounts(crm) == 1


def test_a_slow_answer_comes_after_the_work(crm: SandboxClient) -> None:
    crm.fault("slow", seconds=0.3)
    begin = time.monotonic()

    crm.call("POST", "/v2/accounts", ACCOUNT)

    assert time.monotonic() - begin >= 0.3


def test_a_fault_hits_only_its_path_and_lets_the_first_ones_pass(crm: SandboxClient) -> None:
    crm.fault("status", status=500, path="/v2/accounts", skip=1)

    assert list(crm.pages("contacts")) == []
    assert _accounts(crm) == 0
    with pytest.raises(SandboxError):
        _accounts(crm)


def test_faults_can_be_taken_back(crm: SandboxClient) -> None:
    crm.fault("status", status=500, count=100)
    crm.clear_faults()

    assert _accounts(crm) == 0


@pytest.mark.parametrize("asked", [{"kind": "earthquake"}, {"kind": "slow", "colour": "red"}])
def test_a_fault_that_does_not_exist_is_refused(crm: SandboxClient, asked: dict[str, str]) -> None:
    with pytest.raises(SandboxError):
        crm.fault(**asked)


def test_the_side_doors_need_the_key(crm: SandboxClient) -> None:
    for path in ("/_ledger", "/_faults", "/_control"):
        assert crm.send("GET", path).status == 401
    assert crm.send("GET", "/_health").status == 200
