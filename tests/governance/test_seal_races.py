"""Sealing while others write: one chain, every entry once, whatever commits when."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django_tenants.utils import tenant_context

from governance.models import AuditEntry, AuditSeal
from governance.services.seals import seal_trail
from governance.services.verifying import verify_trail
from tenants.models import Partner
from tests.governance.seal_lab import db, lab
from tests.governance.test_seals import all_ids, note, sealed_ids

__all__ = ["db", "lab"]
pytestmark = pytest.mark.usefixtures("anchors", "db")
# LIVERY_TRAIL_TURNS=2500 makes it the 5,000 entries each of the promise; it takes minutes.
WRITERS, EACH = 8, int(os.environ.get("LIVERY_TRAIL_TURNS", "100"))


def _write(lab: Partner, number: int) -> None:
    """Write entries one by one and in sets; roll every tenth back, so that ids have gaps."""
    try:
        with tenant_context(lab):
            for turn in range(EACH):
                with transaction.atomic():
                    note(1 + (turn + number) % 3)
                    if turn % 10 == 9:
                        transaction.set_rollback(True)
    finally:
        connection.close()


def test_writers_and_sealers_at_once_make_one_chain_without_gap_or_double(lab: Partner) -> None:
    stop = threading.Event()

    def seal_again_and_again() -> None:
        try:
            with tenant_context(lab):
                while not stop.is_set():
                    seal_trail()
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS + 2) as pool:
        sealers = [pool.submit(seal_again_and_again) for _ in range(2)]
        writers = [pool.submit(_write, lab, number) for number in range(WRITERS)]
        try:
            for one in writers:
                one.result()
        finally:
            stop.set()
        for one in sealers:
            one.result()
    with tenant_context(lab):
        seal_trail()
        ids = sealed_ids()
        assert len(ids) == len(set(ids)), "none twice"
        assert sorted(ids) == all_ids(), "none left out"
        numbers = list(AuditSeal.objects.values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) > 3, "it sealed while they wrote"
        assert verify_trail().holds


def test_what_is_committed_late_is_sealed_late_and_once(lab: Partner) -> None:
    """A transaction numbers its entry first and commits after others were sealed."""
    wrote, go_on = threading.Event(), threading.Event()

    def write_slowly() -> int:
        try:
            with tenant_context(lab), transaction.atomic():
                note()
                own = int(AuditEntry.objects.latest("id").pk)
                wrote.set()
                assert go_on.wait(20)
                return own
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, tenant_context(lab):
        slow = pool.submit(write_slowly)
        assert wrote.wait(20)
        note()
        done = seal_trail()
        assert done.open
        assert verify_trail().holds
        before = set(sealed_ids())
        go_on.set()
        late = slow.result()
        assert late not in before
        assert late < max(before)
        assert verify_trail().holds, "it waits for its seal; nobody slipped it in"
        note()
        assert seal_trail(most=1).entries == 1
        assert seal_trail(most=1).entries == 1
        assert sorted(sealed_ids()) == all_ids()
        assert verify_trail().holds
