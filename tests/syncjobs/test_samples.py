"""Samples for the mapping editor are what the engine would give to the mapping."""

from mappings.models import Mapping
from mappings.samples import samples_for
from syncjobs.engine.samples import fields_of
from tenants.accounts.models import Client
from tests.syncjobs.factories import Lab


def _mapping(slug: str) -> Mapping:
    return Mapping.objects.get(slug=slug)


def test_an_inbound_mapping_is_tried_on_what_the_source_sent(lab: Lab) -> None:
    mapping = _mapping("customer-in")
    mapping.connector = "sandbox_crm"
    lab.put_customer("1")
    lab.put_customer("2")
    lab.drain()
    found = samples_for(mapping, None)
    assert [one.key for one in found] == ["C-2", "C-1"]
    assert found[0].data == {"no": "C-2", "name": "Name 2"}


def test_an_outbound_mapping_is_tried_on_what_the_engine_gives_it(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    (found,) = samples_for(_mapping("customer-out"), None)
    assert found.data["number"] == "C-1"
    assert {"origin", "related", "variables", "collected"} <= set(found.data)


def test_a_clients_person_sees_that_clients_records_only(lab: Lab, birch: Client) -> None:
    lab.put_customer("1")
    lab.drain()
    assert samples_for(_mapping("customer-out"), birch.pk) == []


def test_fields_come_from_the_systems_descriptor() -> None:
    found = fields_of("sandbox_erp", "customers")
    assert found is not None
    assert found.label == "Ledgerline ERP"
    assert fields_of("sandbox_erp", "nothing") is None
    assert fields_of("nobody", "customers") is None
