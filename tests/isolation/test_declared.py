"""Whatever the product answers to is declared in the matrix, and nothing else is."""

import inspect

import pytest
from django.core.management import get_commands

import branding.tasks
import syncjobs.tasks
import tenants.tasks
from tests.isolation.matrix import API, COMMANDS, PAGES, TASKS
from tests.isolation.routes import routes

OURS = {"tenants", "tenants.accounts", "governance", "branding", "mappings", "syncjobs"}


@pytest.mark.parametrize("door", ["admin", "portal", "console"])
def test_every_route_is_declared_and_every_declaration_is_a_route(door: str) -> None:
    declared = set(PAGES[door]) | (set(API) if door != "console" else set())
    found = {route.name or route.pattern for route in routes(door)}
    assert found - declared == set(), "declare these in tests/isolation/promised/"
    assert declared - found == set(), "these are declared and do not exist"


def test_every_command_is_declared() -> None:
    found = {name for name, app in get_commands().items() if app in OURS}
    assert found == set(COMMANDS)


def test_every_task_is_declared() -> None:
    found = {
        f"{module.__name__}.{name}"
        for module in (branding.tasks, syncjobs.tasks, tenants.tasks)
        for name, one in inspect.getmembers(module, inspect.isfunction)
        if one.__module__ == module.__name__ and not name.startswith("_")
    }
    assert found == set(TASKS)
