"""What sources sent of persons is sealed in the tables, readable to those with the right."""

import json
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django_tenants.utils import tenant_context

from governance import subject_keys
from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from governance.personal import UNOPENED
from mappings.models import Mapping
from syncjobs.engine.samples import find_samples
from syncjobs.engine.sealing import seal_older
from syncjobs.models import CanonicalRecord, InboundEvent, Issue, RecordVersion, Stream
from syncjobs.payloads import PERSONAL, opened_inbound, opened_source
from syncjobs.services.payloads import erase_payloads
from tenants.models import Partner
from tests.actors import ALICE, GRACE, Person
from tests.fakes.systems import record
from tests.syncjobs.factories import BUILDER, Lab, make_mapping, make_stream

SECRET = "nora.lindqvist@example.org"


def _columns() -> str:
    """Return all kept payloads as the tables hold them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(string_agg(source::text, ' '), '') FROM syncjobs_recordversion"
        )
        (sources,) = cursor.fetchone()
        cursor.execute(
            "SELECT coalesce(string_agg(payload::text, ' '), '') FROM syncjobs_inboundevent"
        )
        (messages,) = cursor.fetchone()
    return f"{sources} {messages}"


def _samples() -> list[object]:
    mapping = Mapping.objects.get(slug="customer-in")
    Mapping.objects.filter(pk=mapping.pk).update(connector="sandbox_crm")
    mapping.refresh_from_db()
    return [one.data for one in find_samples(mapping, None, 10)]


def test_what_tells_of_persons_is_personal_and_time_is_not() -> None:
    assert {"contact", "customer", "resource"} <= PERSONAL
    assert "time_entry" not in PERSONAL


def test_a_payload_is_sealed_and_a_sample_shows_it(lab: Lab) -> None:
    lab.put_customer("1", billing=SECRET, amount=Decimal("12.50"))
    lab.drain()
    assert SECRET not in _columns()
    version = RecordVersion.objects.get()
    sent = opened_source(version.source, version.record_id)
    assert (sent["billing"], sent["amount"]) == (SECRET, "12.50")
    assert _samples() == [sent]
    assert opened_source(version.source, version.record_id + 1) == {}, "it opens nowhere else"


def test_a_refused_record_is_sealed_and_goes_through_once_it_can(lab: Lab) -> None:
    lab.put_customer("1", name=None, billing=SECRET)
    lab.drain()
    assert InboundEvent.objects.filter(state="set_aside").count() == 1
    assert SECRET not in _columns()
    InboundEvent.objects.update(mapping_version=None)  # as when a newer mapping is live
    lab.drain()
    assert InboundEvent.objects.get().problems, "it was tried again, and refused again"
    lab.put_customer("1", name="Nora", billing=SECRET)
    lab.drain()
    assert lab.target.created("C-1") == 1


def test_an_erased_person_s_payloads_open_no_more_and_no_new_one_is_kept(
    lab: Lab, dave: Actor, actor: Callable[[Person], Actor]
) -> None:
    lab.put_customer("1", billing=SECRET)
    lab.put_customer("2", billing="other")
    lab.drain()
    record = CanonicalRecord.objects.get(key="C-1")
    for nobody in (dave, actor(GRACE)):  # who manages the client's people, not the partner's
        with pytest.raises(NotPermitted):
            erase_payloads(nobody, record, reason="Asked for")
    erase_payloads(BUILDER, record, reason="Asked for")
    subject_keys.forget(f"record-{record.pk}")
    kept = RecordVersion.objects.get(record=record)
    assert opened_source(kept.source, record.pk) == {}
    assert [one["billing"] for one in _samples()] == ["other"]  # type: ignore[index]

    lab.put_customer("1", name="Newer", billing=SECRET)
    lab.drain()
    newest = RecordVersion.objects.filter(record=record).order_by("-number")[0]
    assert (newest.number, newest.source) == (2, None)
    assert SECRET not in _columns()


def test_the_page_erases_only_what_is_meant_and_says_when(
    lab: Lab, browse: Callable[..., Browser], northwind: Partner
) -> None:
    lab.put_customer("1", billing=SECRET)
    lab.drain()
    record = CanonicalRecord.objects.get()
    browser = browse(ALICE)
    shown = reverse("record_detail", urlconf="config.urls_admin", args=[record.pk])
    erase = reverse("record_erase", urlconf="config.urls_admin", args=[record.pk])
    assert b"Erase what was sent" in browser.get(shown).content
    for lacking in ({"reason": "Asked for"}, {"meant": "1"}):
        browser.post(erase, lacking)
        with tenant_context(northwind):
            assert opened_source(RecordVersion.objects.get().source, record.pk)
    told = browser.post(erase, {"reason": "Asked for", "meant": "1"}, follow=True).content
    assert b"was erased" in told
    assert b"Erase what was sent" not in told
    assert (
        b"erased before"
        in browser.post(erase, {"reason": "Again", "meant": "1"}, follow=True).content
    )
    with tenant_context(northwind):
        assert AuditEntry.objects.get(action="subject.erased").reason == "Asked for"


def test_erasing_empties_what_waits_too_and_nothing_of_another_object(lab: Lab) -> None:
    projects = make_stream(lab.source_connection, "projects", "project", "project-in")
    lab.put_customer("1", billing="before payloads were sealed")
    lab.drain()
    RecordVersion.objects.update(source={"billing": SECRET})
    lab.put_customer("1", name=None, billing=SECRET)
    lab.drain()
    assert Issue.objects.get(kind="intake_problem").state == "open"
    for key, stream, deleted in (
        ("new", lab.customers, False),
        ("gone", lab.customers, True),
        ("other", projects, False),
    ):
        InboundEvent.objects.create(
            connection=lab.source_connection,
            stream=stream,
            dedupe_key=key,
            external_id="1",
            payload={"code": key},
            deleted=deleted,
        )
    erase_payloads(BUILDER, CanonicalRecord.objects.get(key="C-1"), reason="Asked for")
    assert RecordVersion.objects.get().source is None
    rows = InboundEvent.objects.values_list("dedupe_key", "state", "payload")
    assert sorted(rows, key=str) == [
        ("customers:1", "discarded", {}),
        ("gone", "received", {}),
        ("new", "discarded", {}),
        ("other", "received", {"code": "other"}),
    ]
    assert Issue.objects.get(kind="intake_problem").state == "resolved"


def test_payloads_of_before_are_sealed_behind_the_work_of_the_hour(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    RecordVersion.objects.update(source={"billing": SECRET})
    aside = InboundEvent.objects.create(
        connection=lab.source_connection,
        stream=lab.customers,
        dedupe_key="before",
        external_id="2",
        payload={"billing": SECRET, "amount": 12.5},
        state="set_aside",
    )
    cache.clear()
    assert seal_older() == 2
    assert SECRET not in _columns()
    version = RecordVersion.objects.get()
    assert opened_source(version.source, version.record_id) == {"billing": SECRET}
    aside.refresh_from_db()
    kept = opened_inbound(json.dumps(aside.payload), lab.client.pk)
    assert kept == {"billing": SECRET, "amount": Decimal("12.5")}
    assert seal_older() == 0


def test_what_was_passed_over_is_sealed_by_the_next_day(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.put_customer("1")
    lab.put_customer("2")
    lab.drain()
    RecordVersion.objects.update(source={"billing": SECRET})
    cache.clear()
    with monkeypatch.context() as wrong_key:
        wrong_key.setattr(
            "syncjobs.payloads.keys_for_writing", lambda subjects: dict.fromkeys(subjects, UNOPENED)
        )
        assert seal_older() == 0
    later = time.time() + 25 * 3600
    monkeypatch.setattr("syncjobs.engine.passes.time", lambda: later)
    assert (seal_older(), seal_older()) == (0, 2), "at its end it begins anew"
    assert SECRET not in _columns()


def test_erasing_one_of_several_makes_what_was_sent_of_all_of_them_unreadable(lab: Lab) -> None:
    each = {"id": "each", "target": "each", "source": "firms", "steps": [{"do": "explode"}]}
    names = [{"id": name, "target": name, "source": f"each.{name}"} for name in ("number", "name")]
    make_mapping("group-in", "inbound", "customer", [each, *names])
    groups = make_stream(lab.source_connection, "groups", "customer", "group-in")

    def send(**firms: str) -> None:
        rows = [{"number": number, "name": name} for number, name in firms.items()]
        lab.source.put("groups", record("G-1", {"firms": rows}))
        lab.drain()

    def kept(key: str) -> list[bool]:
        rows = RecordVersion.objects.filter(record__key=key).order_by("number")
        return [bool(opened_source(one.source, one.record_id)) for one in rows]

    send(A=SECRET, B="Beech", C="Cedar")
    send(B="Birch", C="Cedar", A=SECRET)
    assert SECRET not in _columns()
    assert (kept("A"), kept("B"), kept("C")) == ([True], [True, True], [True])
    RecordVersion.objects.filter(record__key="C").update(source={"of": SECRET})  # as of before
    InboundEvent.objects.create(
        connection=lab.source_connection,
        stream=groups,
        dedupe_key="new",
        external_id="G-1",
        payload={"firms": []},
    )
    erase_payloads(BUILDER, CanonicalRecord.objects.get(key="A"), reason="Asked for")
    assert (kept("A"), kept("B"), kept("C")) == ([False], [False, False], [False])
    assert SECRET not in _columns()
    assert CanonicalRecord.objects.get(key="B").data["name"] == "Birch"
    # What of the others was in what waited comes with the next reading.
    assert InboundEvent.objects.get().state == "discarded"
    assert Stream.objects.get(pk=groups.pk).cursor is None

    send(A=SECRET, B="Bramble", C="Cedar")
    assert kept("B")[-1] is False, "it still tells of the one who was erased"
    send(B="Briar", C="Cedar")
    assert (kept("B")[-1], kept("A")[-1]) == (True, False)
