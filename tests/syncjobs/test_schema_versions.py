"""A record that was written under an older schema version reads as the newest, everywhere."""

from dataclasses import replace

import pytest

from mappings.canonical import SCHEMAS, upgrades
from syncjobs.canonical_store import Incoming, Origin, find, store
from syncjobs.models import CanonicalRecord
from tenants.accounts.models import Client
from tenants.models import Partner
from tests.at_home import at_home

__all__ = ["at_home"]
pytestmark = pytest.mark.usefixtures("at_home")


def renamed(data: dict[str, object]) -> dict[str, object]:
    return {("email" if name == "mail" else name): value for name, value in data.items()}


def test_an_old_record_reads_as_new_and_is_kept_so_when_it_changes(
    northwind: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client.objects.all()[0]
    old = {"number": "1", "name": "Ada", "mail": "a@b"}
    CanonicalRecord.objects.create(client=client, type="customer", key="1", data=old, version=1)
    newer = replace(SCHEMAS["customer"], version=2, upgrades=(renamed,))
    monkeypatch.setattr(upgrades, "SCHEMAS", {**SCHEMAS, "customer": newer})
    now = {"number": "1", "name": "Ada", "email": "a@b"}
    assert CanonicalRecord.objects.get().data == now
    assert find(client.pk, [("customer", "1")])[0].data == now
    origin = Origin(client.pk, None, None, "")
    same = store([Incoming("customer", "1", {"email": "a@b"})], origin)
    assert not same[0].is_changed
    stored = store([Incoming("customer", "1", {"name": "Eve"})], origin)
    assert (stored[0].changed, stored[0].data) == (("name",), {**now, "name": "Eve"})
    row = CanonicalRecord.objects.values("data", "schema_version").get()
    assert row == {"data": {**now, "name": "Eve"}, "schema_version": 2}
