"""The shipped blueprints and mappings: they fit together and install as promised."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from governance.actors import Actor
from governance.errors import NotPermitted
from mappings.canonical import SCHEMAS
from mappings.engine import compile_mapping
from mappings.models import Mapping
from syncjobs.blueprints import BLUEPRINTS
from syncjobs.connectors import registry
from syncjobs.engine.definition import DefinitionError, parse_definition
from syncjobs.models import Blueprint, Connection, Stream, Workflow
from syncjobs.sandbox.catalogue import KINDS
from syncjobs.services.shipping import ship_blueprints
from syncjobs.services.workflows import install_workflow
from syncjobs.shipped import shipped_mapping
from tenants.accounts.models import Client
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import BUILDER, make_connection

FILES = Path(__file__).resolve().parents[2] / "syncjobs" / "blueprints" / "mappings"
SHIPPED = sorted(FILES.glob("*/*.json"))


@pytest.fixture
def connections(alder: Client) -> dict[str, Connection]:
    """One sandbox system of each kind."""
    return {kind: make_connection(alder, kind, f"sandbox_{kind}") for kind in KINDS}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_shipped_mapping_compiles_and_names_what_exists(path: Path) -> None:
    found = json.loads(path.read_text())
    makes = {"inbound": found["canonical"], "derive": found.get("makes", "")}
    compile_mapping(found["document"], object_type=makes.get(found["direction"], ""))
    assert found["canonical"] in SCHEMAS
    if path.parent.name != "canonical":
        names = {one.name for one in registry.connector(path.parent.name).descriptor.objects}
        assert found["object"] in names


@pytest.mark.parametrize("slug", BLUEPRINTS)
def test_a_blueprint_finds_its_mappings_for_the_sandbox_systems(slug: str) -> None:
    shape = BLUEPRINTS[slug]
    for one in [*shape["reads"], *shape["steps"]]:
        assert shipped_mapping(f"sandbox_{one['role']}", one["mapping"]), one
    for step in shape["steps"]:
        if "derive" in step:
            assert shipped_mapping("canonical", step["derive"]["mapping"])


@pytest.mark.parametrize("slug", BLUEPRINTS)
def test_a_blueprint_installs_with_its_mappings_and_streams(
    alder: Client, connections: dict[str, Connection], slug: str
) -> None:
    made = install_workflow(BUILDER, client=alder, blueprint=slug, bindings=connections)
    assert made.version is not None
    definition = parse_definition(made.version.definition)
    assert len(definition.steps) == len(BLUEPRINTS[slug]["steps"])
    for step in definition.steps:
        assert Mapping.objects.filter(slug=step.mapping, live__isnull=False).exists()
    assert Stream.objects.count() == len(BLUEPRINTS[slug]["reads"])


def test_all_blueprints_of_a_client_share_streams_and_mappings(
    alder: Client, connections: dict[str, Connection]
) -> None:
    for slug in BLUEPRINTS:
        install_workflow(BUILDER, client=alder, blueprint=slug, bindings=connections)
    places = {(s.connection_id, s.object) for s in Stream.objects.all()}
    assert len(places) == Stream.objects.count()
    assert Workflow.objects.count() == len(BLUEPRINTS)


def test_a_new_partner_has_the_blueprints_and_shipping_again_adds_none(alder: Client) -> None:
    assert set(Blueprint.objects.values_list("slug", flat=True)) >= set(BLUEPRINTS)
    assert ship_blueprints(BUILDER) == 0


def test_an_extension_point_replaces_the_blueprints_value(
    alder: Client, connections: dict[str, Connection]
) -> None:
    cut_off = {"day": 5, "time": "12:00", "version": "2"}
    made = install_workflow(
        BUILDER,
        client=alder,
        blueprint="time_to_billing",
        bindings=connections,
        overrides={"cut_off": cut_off, "billable": []},
    )
    assert made.version is not None
    assert made.version.definition["cycle"]["rule"] == cut_off
    assert made.version.definition["steps"][0]["gates"] == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"blueprint": "nothing"}, "There is no blueprint"),
        ({"bindings": {}}, "Choose a connection for: erp, psa"),
        ({"overrides": {"colour": 1}}, "no extension point colour"),
    ],
)
def test_an_installation_that_cannot_work_says_what_is_missing(
    alder: Client, connections: dict[str, Connection], changes: dict[str, object], words: str
) -> None:
    given: dict[str, object] = {
        "client": alder,
        "blueprint": "time_to_billing",
        "bindings": connections,
        **changes,
    }
    with pytest.raises(ValidationError, match=words):
        install_workflow(BUILDER, **given)  # type: ignore[arg-type]  # named above


def test_a_workflow_is_never_bound_to_another_clients_system(
    alder: Client, birch: Client, connections: dict[str, Connection]
) -> None:
    other = make_connection(birch, "erp")
    with pytest.raises(ValidationError, match="belongs to another client"):
        install_workflow(
            BUILDER,
            client=alder,
            blueprint="time_to_billing",
            bindings={**connections, "erp": other},
        )


def test_a_system_without_the_mapping_is_refused_by_name(
    alder: Client, connections: dict[str, Connection]
) -> None:
    with pytest.raises(ValidationError, match="Clover CRM has no mapping"):
        install_workflow(
            BUILDER,
            client=alder,
            blueprint="time_to_billing",
            bindings={**connections, "psa": connections["crm"]},
        )


def test_only_who_manages_workflows_installs_them(
    alder: Client, connections: dict[str, Connection], actor: Callable[[Person], Actor]
) -> None:
    for person in (actors.DAVE, actors.CAROL, actors.GRACE):
        with pytest.raises(NotPermitted):
            install_workflow(
                actor(person), client=alder, blueprint="time_to_billing", bindings=connections
            )


STEP = {
    "name": "a",
    "record": "self",
    "target": {"role": "erp", "object": "things", "connection": 1},
    "mapping": "m",
}


@pytest.mark.parametrize(
    "changes",
    [
        {"trigger": {}},
        {"trigger": {"events": ["nothing.happened"]}},
        {"steps": []},
        {"steps": [{**STEP, "name": ""}]},
        {"steps": [STEP, STEP]},
        {"steps": [{**STEP, "record": ""}]},
        {"steps": [{**STEP, "derive": {"object": "invoice", "mapping": "m"}}]},
        {"steps": [{**STEP, "mode": "magic"}]},
        {"steps": [{**STEP, "after": ["later"]}]},
        {"steps": [{**STEP, "target": {"role": "erp"}}]},
        {"steps": [{**STEP, "mapping": ""}]},
        {"steps": [{**STEP, "gates": [{"name": "g"}]}]},
    ],
)
def test_a_definition_of_the_wrong_shape_is_refused(changes: dict[str, object]) -> None:
    good = {"trigger": {"events": ["customer.changed"]}, "steps": [STEP]}
    parse_definition(good)
    with pytest.raises(DefinitionError):
        parse_definition({**good, **changes})
