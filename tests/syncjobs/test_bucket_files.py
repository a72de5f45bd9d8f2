"""Files from object storage become records, once each, as those of a folder do."""

from typing import Any

import pytest

from syncjobs.engine.drain import drain
from syncjobs.engine.systems import Systems
from syncjobs.intake.polling import poll_stream
from syncjobs.models import CanonicalRecord, InboundEvent, Run, Stream
from syncjobs.services.connections import create_connection
from syncjobs.services.connections import test_connection as try_connection
from tenants.accounts.models import Client
from tests.connectors.bucket_server import BUCKET, KEY_ID, REGION, SECRET, Shelf, serving
from tests.syncjobs.factories import BUILDER

TIME = (
    b"number,project,date,hours,rate,billable,status\nT-1,P-1,2026-10-07,8.00,95.00,true,approved\n"
)


def _look(stream: Stream) -> None:
    Stream.objects.filter(pk=stream.pk).update(lease_until=None)
    with Systems() as systems:
        assert poll_stream(stream.pk, systems, stop=lambda: False) is not None


@pytest.mark.usefixtures("at_work")
def test_an_export_is_taken_in_once_and_again_when_it_changes(alder: Client, settings: Any) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    shelf = Shelf(files={"out/time.csv": (TIME, 1_000)})
    with serving(shelf) as address:
        made = create_connection(
            BUILDER,
            client=alder,
            connector="bucket",
            name="Exports",
            config={
                "stands_for": "psa",
                "object": "time_entry",
                "base_url": address,
                "region": REGION,
                "bucket": BUCKET,
                "folder": "out",
                "pattern": "*.csv",
                "key_id": KEY_ID,
                "every_minutes": "60",
            },
            secret={"secret": SECRET},
        )
        assert all(one.ok for one in try_connection(BUILDER, made))
        stream = Stream.objects.get(connection=made)
        assert stream.every_seconds == 3600
        _look(stream)
        drain()
        (known,) = CanonicalRecord.objects.filter(type="time_entry", version__gt=0)
        assert (known.key, known.data["hours"]) == ("T-1", "8.00")
        assert Run.objects.filter(trigger="schedule").latest("pk").message == "1 new file read."
        _look(stream)
        assert InboundEvent.objects.filter(dedupe_key__startswith="file:").count() == 1
        shelf.files["out/time.csv"] = (TIME.replace(b"8.00", b"7.50"), 2_000)
        _look(stream)
        drain()
        known.refresh_from_db()
        assert known.data["hours"] == "7.50"
