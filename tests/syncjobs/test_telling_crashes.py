"""Senders that die: each message arrives, repeats under its id, and somebody looks soon."""

import signal
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from syncjobs.models import Endpoint, Message
from syncjobs.services.endpoint_secrets import make_secret
from syncjobs.telling.lines import MOST_ABREAST
from syncjobs.telling.sending import RECORDED_AT_ONCE
from syncjobs.telling.tell import message_row, store_messages
from tenants.models import MailWakeup, Partner
from tests.fakes.hearer import hearer
from tests.mail import test_races
from tests.syncjobs.committed import committed_partner
from tests.syncjobs.processes import start_worker

pytestmark = pytest.mark.crash
COUNT = 300
db = test_races.db


@pytest.fixture
def partner(db: None) -> Iterator[Partner]:
    with committed_partner("telling-lab") as (made, _):
        yield made
        MailWakeup.objects.filter(schema_name=made.schema_name).delete()


@pytest.mark.parametrize(
    "point",
    ["telling.after_claim:kill:1", "telling.before_record:kill:3", "telling.after_record:kill:3"],
)
def test_a_killed_sender_loses_no_message_and_repeats_few_under_their_ids(
    partner: Partner, point: str
) -> None:
    with hearer() as listener:
        endpoint = Endpoint(name="Ours", url=listener.address, listens=["run.failed"])
        make_secret(endpoint)
        endpoint.save()
        facts = [{"run": {"id": number}} for number in range(COUNT)]
        store_messages([message_row(endpoint.pk, "run.failed", None, one) for one in facts])

        worker = start_worker(partner.schema_name, LIVERY_CRASH=point, TEST_WORK="messages")
        assert worker.wait(60) == -signal.SIGKILL, "the crash point was not reached"
        due_at = MailWakeup.objects.get(schema_name=partner.schema_name).due_at
        assert due_at < timezone.now() + timedelta(seconds=120), "somebody looks soon"
        endpoint.refresh_from_db()
        assert endpoint.lease_until is not None
        assert endpoint.lease_until < timezone.now() + timedelta(seconds=120)

        Endpoint.objects.update(lease_until=None)
        worker = start_worker(partner.schema_name, TEST_WORK="messages")
        assert worker.wait(60) == 0
        heard = [one.headers["webhook-id"] for one in listener.heard]
    assert set(heard) == {one.webhook_id for one in Message.objects.all()}
    assert len(set(heard)) == COUNT
    assert len(heard) - COUNT <= RECORDED_AT_ONCE + 2 * MOST_ABREAST
    assert not Message.objects.exclude(state="delivered").exists()
    after = MailWakeup.objects.get(schema_name=partner.schema_name).due_at
    assert after > timezone.now() + timedelta(seconds=600), "nothing is left to be looked at"
