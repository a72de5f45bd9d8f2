"""A wrong descriptor stops the process, with the place named."""

import re
from dataclasses import replace
from typing import Any

import pytest

from syncjobs.connectors import registry
from syncjobs.connectors.auth import Basic, ClientCredentials, KeyHeader
from syncjobs.connectors.base import FIELD_KINDS, KINDS, MODES, ConnectionField
from syncjobs.connectors.descriptor import (
    Changes,
    DescriptorError,
    FromConfig,
    Join,
    Operation,
    Paging,
    RestDescriptor,
)
from syncjobs.connectors.sandbox_crm.descriptor import SYSTEM
from syncjobs.sandbox.crm import kinds as crm_kinds
from syncjobs.sandbox.erp import kinds as erp_kinds
from syncjobs.sandbox.psa import kinds as psa_kinds
from syncjobs.sandbox.revenue import kinds as revenue_kinds

ACCOUNTS = SYSTEM.find("accounts")


def _with_object(**changes: Any) -> dict[str, Any]:
    return {"objects": (replace(ACCOUNTS, **changes),)}


def _url(name: str = "base_url", kind: str = "url") -> ConnectionField:
    return ConnectionField(name=name, label="Address", kind=kind)


POST = Operation(method="POST", path="/v2/accounts", reference="externalReference")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"kind": "crmm"}, "kind 'crmm' is unknown"),
        ({"kinds": ("crm", "nope")}, "kind 'nope' is unknown"),
        ({"config_fields": ()}, "lack base_url"),
        ({"config_fields": (_url(kind="colour"),)}, "kind 'colour' is unknown"),
        ({"auth": KeyHeader(header="X-Key", secret="missing")}, "secret 'missing'"),
        ({"auth": Basic(user="login")}, "config 'login'"),
        ({"auth": ClientCredentials(path="/t", secret="token")}, "config 'client_id'"),
        ({"root": "/{tenant}/api"}, "{tenant} is unknown"),
        ({"root": "api"}, "'api' is not a path"),
        ({"paging": Paging(style="cursor")}, "style 'cursor' is unknown"),
        ({"paging": Paging(style="token")}, "style token needs token_param"),
        ({"paging": Paging(style="page", page_param="page")}, "style page needs size_param"),
        ({"paging": Paging(style="link")}, "style link needs link_path"),
        ({"paging": Paging(style="range", max_size=0)}, "max_size 0"),
        ({"objects": (ACCOUNTS, ACCOUNTS)}, "'accounts' is there twice"),
        (_with_object(path="/v2/{account}"), "{account} is unknown"),
        (_with_object(path="/v2/a b"), "is not a path"),
        (_with_object(deletes="tombstone"), "deletes 'tombstone' is unknown"),
        (_with_object(deleted=""), "belong together"),
        (_with_object(modified=""), "changes need the path"),
        (_with_object(changes=Changes(field="x", overlap=-1)), "negative"),
        (_with_object(paging=Paging(style="offset")), "style 'offset' is unknown"),
        (_with_object(joins=(Join(source="a", path="/b", into="c", fields=()),)), "no joins"),
        (_with_object(where=(("a", "=", FromConfig(name="zone")),)), "config 'zone'"),
        (_with_object(create=replace(POST, method="GET")), "method 'GET'"),
        (_with_object(create=replace(POST, guard="etag")), "guard 'etag'"),
        (_with_object(create=replace(POST, path="/v2/a/{id}")), "no id before"),
        (_with_object(create=replace(POST, reference="")), "look_up needs"),
        (_with_object(update=Operation(method="PATCH", path="/v2/a")), "lacks {id}"),
        (
            _with_object(
                update=Operation(method="PUT", path="/a/{id}", guard="if_match"), version=""
            ),
            "a guard needs",
        ),
        (_with_object(actions={"win": Operation(method="POST", path="/v2/win")}), "lacks {id}"),
    ],
)
def test_a_wrong_descriptor_is_refused_with_the_place_named(
    changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(DescriptorError, match=re.escape(problem)) as caught:
        replace(SYSTEM, **changes)
    assert str(caught.value).startswith("sandbox_crm: ")


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(DescriptorError, match=r"kind.*root") as caught:
        replace(SYSTEM, kind="x", root="y")
    assert str(caught.value).count(";") == 1


def test_a_misspelt_argument_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        RestDescriptor(colour="red")  # type: ignore[call-arg]  # that is the point


def test_the_catalogue_names_every_connector_once() -> None:
    found = registry.catalogue()
    assert [entry.label for entry in found] == [
        "Beacon Desk", "Clover CRM", "Files", "Files by SFTP", "Files in object storage",
        "Harbor Staffing", "Inkwell Contracts", "Ledgerline ERP", "Pinion PSA", "Tally Revenue",
        "Tryton",
    ]  # fmt: skip
    assert len({entry.key for entry in found}) == len(found)


@pytest.mark.parametrize("entry", registry.catalogue(), ids=lambda entry: entry.key)
def test_each_catalogue_entry_uses_only_known_words(entry: Any) -> None:
    assert entry.kind in KINDS
    assert set(entry.kinds) <= set(KINDS)
    assert entry.summary.endswith(".")
    for one in (*entry.config_fields, *entry.secret_fields):
        assert one.kind in FIELD_KINDS
        assert one.label
        assert one.help
    for info in entry.objects:
        assert set(info.modes) <= set(MODES)
        assert ("action" in info.modes) == bool(info.actions)
        assert entry.object(info.name) is info
        if "create" in info.modes:
            assert info.can_look_up, "an unknown create could never be settled"


def test_an_unknown_connector_or_object_is_told_what_there_is() -> None:
    with pytest.raises(registry.UnknownConnector, match="sandbox_crm"):
        registry.connector("salesfarce")
    with pytest.raises(KeyError, match="opportunities"):
        registry.connector("sandbox_crm").descriptor.object("leads")


@pytest.mark.parametrize("entry", registry.catalogue(), ids=lambda entry: entry.key)
def test_what_can_be_written_names_its_fields(entry: Any) -> None:
    for info in entry.objects:
        assert info.fields, f"{info.name} names nothing to read"
        writes = {"create", "update", "upsert"} & set(info.modes)
        assert bool(writes) == bool(info.target_fields), info.name


@pytest.mark.parametrize(
    ("key", "kinds"),
    [
        ("sandbox_crm", crm_kinds),
        ("sandbox_psa", psa_kinds),
        ("sandbox_erp", erp_kinds),
        ("sandbox_revenue", revenue_kinds),
    ],
)
def test_the_fields_told_are_those_that_the_system_takes(key: str, kinds: Any) -> None:
    told = {info.name: info.target_fields for info in registry.connector(key).descriptor.objects}
    for kind in kinds.KINDS:
        if told[kind.name]:
            heads = {name.split(".")[0] for name in told[kind.name]}
            assert heads <= set(kind.fields), kind.name
            assert set(kind.required) <= heads, kind.name
