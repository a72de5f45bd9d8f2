"""What no mapping takes is set aside, blocks nobody and comes when its cause is mended."""

import pytest

from governance.permits import permit
from mappings.models import Mapping, ValueMapVersion
from mappings.services.value_maps import ensure_value_map, publish_table
from mappings.services.versions import publish, save_draft
from syncjobs.connectors.base import SourceRecord
from syncjobs.engine.drain import drain
from syncjobs.engine.live import Live
from syncjobs.intake import aside, polling
from syncjobs.models import CanonicalRecord, InboundEvent, Issue, Run, Stream
from tests.fakes.systems import record
from tests.syncjobs.factories import BUILDER, CUSTOMER_IN, Lab


def _let_nameless_in() -> None:
    mapping = Mapping.objects.get(slug="customer-in")
    rules = [*CUSTOMER_IN]
    rules[1] = {**rules[1], "default": "Unnamed", "required": False}
    with permit("mapping_version", str(mapping.pk)):
        publish(mapping, save_draft(BUILDER, mapping, {"rules": rules}))


def test_records_that_no_mapping_takes_are_set_aside_and_block_nobody(lab: Lab) -> None:
    lab.source.put(
        "customers",
        record("1", {"no": "C-1", "name": "One"}),
        record("2", {"no": "C-2", "name": ""}),
        record("3", {"no": "C-3", "name": ""}),
        record("4", {"no": "C-4", "name": "Four"}),
    )
    lab.drain()

    assert lab.target.created("C-1") == lab.target.created("C-4") == 1
    issue = Issue.objects.get()
    assert (issue.kind, issue.count) == ("intake_problem", 2)
    assert InboundEvent.objects.filter(state="set_aside").count() == 2
    run = Run.objects.filter(kind="intake").latest("id")
    assert (run.state, run.read, run.refused) == ("partial", 4, 2)


def test_a_set_aside_record_goes_through_when_its_source_is_mended(lab: Lab) -> None:
    lab.source.put("customers", record("2", {"no": "C-2", "name": ""}))
    lab.drain()
    lab.source.put("customers", record("2", {"no": "C-2", "name": "Two"}))
    lab.drain()
    assert lab.target.created("C-2") == 1
    assert InboundEvent.objects.get().state == "processed"
    assert Issue.objects.get().state == "resolved"


def test_a_set_aside_record_goes_through_when_the_mapping_is_mended(lab: Lab) -> None:
    lab.source.put("customers", record("2", {"no": "C-2", "name": ""}))
    lab.drain()
    _let_nameless_in()
    lab.drain()
    assert CanonicalRecord.objects.get(key="C-2").data["name"] == "Unnamed"
    assert Issue.objects.get().state == "resolved"


def test_a_set_aside_record_that_its_source_deletes_never_comes(lab: Lab) -> None:
    lab.source.put("customers", record("2", {"no": "C-2", "name": ""}))
    lab.drain()
    lab.source.put("customers", SourceRecord("2", "gone", None, {}, deleted=True))
    lab.drain()
    run = Run.objects.filter(kind="intake").latest("id")
    assert (run.read, run.changed, run.same, run.refused) == (1, 0, 1, 0)
    assert InboundEvent.objects.get().state == "processed"
    assert Issue.objects.get().state == "resolved"
    _let_nameless_in()
    lab.drain()
    assert not CanonicalRecord.objects.exists()


def test_a_reader_that_was_overtaken_does_not_try_what_was_set_aside(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.source.put("customers", record("2", {"no": "C-2", "name": ""}))
    lab.drain()
    _let_nameless_in()
    found = aside.waiting

    def taken_over(stream: Stream, live: Live) -> list[SourceRecord]:
        rows = found(stream, live)
        Stream.objects.filter(pk=stream.pk).update(lease_no=99)
        return rows

    monkeypatch.setattr(polling, "waiting", taken_over)
    assert polling.poll_stream(lab.customers.pk, lab.systems(), stop=lambda: False) is None
    assert not CanonicalRecord.objects.exists()
    assert InboundEvent.objects.get().state == "set_aside"
    assert Stream.objects.get(pk=lab.customers.pk).lease_until is not None


def test_what_lacks_a_word_or_fails_a_holding_check_waits_set_aside(lab: Lab) -> None:
    value_map = ensure_value_map(BUILDER, name="terms", label="Terms", table={"30": "net30"})
    lookup = {"value_map": "terms", "on_miss": "hold"}
    terms = {"id": "t", "target": "payment_terms", "source": "terms", "lookup": lookup}
    named = {"id": "named", "assert": "ne(field('name'), 'TEST')", "message": "No tests here."}
    mapping = Mapping.objects.get(slug="customer-in")
    document = {"rules": [*CUSTOMER_IN, terms], "checks": [{**named, "severity": "hold"}]}
    with permit("mapping_version", str(mapping.pk)):
        publish(mapping, save_draft(BUILDER, mapping, document))
    lab.put_customer("1", terms="60")
    lab.put_customer("2", terms="30", name="TEST")
    lab.drain()
    assert not CanonicalRecord.objects.exists()
    said = {row.external_id: row.problems[0] for row in InboundEvent.objects.all()}
    assert said["1"][0] == "value_held"
    assert said["2"][3] == "No tests here."

    version = ValueMapVersion.objects.create(
        value_map=value_map, number=9, table={"30": "net30", "60": "net60"}
    )
    with permit("value_map_version", str(value_map.pk)):
        publish_table(value_map, version)
    drain(systems=lab.systems())
    assert CanonicalRecord.objects.get().data["payment_terms"] == "net60"
    assert InboundEvent.objects.get(state="set_aside").external_id == "2"


def test_what_was_refused_is_over_when_its_source_goes_back_to_what_we_know(lab: Lab) -> None:
    for name in ("First", "", "First"):
        lab.source.put("customers", record("1", {"no": "C-1", "name": name}))
        lab.drain()
    assert InboundEvent.objects.get().state == "processed"
    assert Issue.objects.get().state == "resolved"
    _let_nameless_in()
    lab.drain()
    assert CanonicalRecord.objects.get().data["name"] == "First"
    assert len(lab.target.effects) == 1
