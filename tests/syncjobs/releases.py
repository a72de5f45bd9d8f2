"""A product whose releases the tests make: one blueprint, `lab_flow`, with a mapping of its own."""

import json
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from governance.actors import Actor
from governance.models import ChangeRequest
from governance.services import changes
from syncjobs import shipped
from syncjobs.blueprints import BLUEPRINTS
from syncjobs.models import Workflow

SLUG = "lab_flow"
TAX_GATE: dict[str, Any] = {
    "name": "tax",
    "label": "Tax setting",
    "require": [{"path": "tax_code", "op": "present", "missing": "tax code of customer {key}"}],
    "message": "No invoice without it.",
    "alert": "finance",
}
NAME_GATE: dict[str, Any] = {
    "name": "name",
    "label": "Name known",
    "require": [{"path": "legal_name", "op": "present", "missing": "legal name of {key}"}],
    "then": "approve",
}
FIRST: dict[str, Any] = {
    "slug": SLUG,
    "name": "Lab flow",
    "summary": "Customers go to the ERP.",
    "version": 1,
    "reads": [],
    "trigger": {"events": ["customer.changed"]},
    "extension_points": {
        "checks": {"label": "Checks", "help": "", "default": [TAX_GATE]},
        "tries": {"label": "Tries", "help": "", "default": 5},
    },
    "steps": [
        {
            "name": "customer",
            "label": "Customer",
            "record": "self",
            "role": "erp",
            "mapping": "lab-out",
            "mode": "upsert",
            "gates": {"$point": "checks"},
            "tries": {"$point": "tries"},
        }
    ],
}
RULES: list[dict[str, Any]] = [
    {"id": "number", "target": "number", "source": "number", "required": True},
    {"id": "name", "target": "name", "source": "name", "required": True, "extension": "replace"},
]
PHONE = {"id": "phone", "target": "phone", "source": "phone", "on_missing": "skip"}
Install = Callable[..., Workflow]


class Product:
    """What is shipped, as a test wants it."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self._patch, self._folder = patch, folder
        shutil.copytree(shipped.FILES / "mappings", folder / "mappings")
        patch.setattr(shipped, "FILES", folder)
        self.release(FIRST, RULES)

    def release(
        self, shape: dict[str, Any], rules: list[dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        """Ship a blueprint, and the mapping's rules where they are given."""
        self._patch.setitem(BLUEPRINTS, shape["slug"], shape)
        if rules is not None:
            self._ship_rules(rules)
        known = shipped.with_today(shipped._known())
        self._patch.setattr(shipped, "_known", lambda: known)
        return shape

    def next(self, **changes: Any) -> dict[str, Any]:
        """Ship the newest `lab_flow` with changes, as the version after."""
        before = BLUEPRINTS[SLUG]
        return self.release({**deepcopy(before), **changes, "version": before["version"] + 1})

    def _ship_rules(self, rules: list[dict[str, Any]]) -> None:
        content = {
            "name": "Lab: customer",
            "direction": "outbound",
            "canonical": "customer",
            "object": "customers",
            "document": {"rules": rules},
        }
        place = self._folder / "mappings" / "sandbox_erp" / "lab-out.json"
        place.write_text(json.dumps(content))
        shipped.shipped_mapping.cache_clear()
        shipped.shipped_hash.cache_clear()


def forget() -> None:
    """Let the next test read the real files."""
    shipped.shipped_mapping.cache_clear()
    shipped.shipped_hash.cache_clear()


def with_gates(*gates: dict[str, Any]) -> dict[str, Any]:
    """Return extension points whose checks are these by themselves."""
    points = deepcopy(FIRST["extension_points"])
    points["checks"]["default"] = list(gates)
    return {"extension_points": points}


def fresh(workflow: Workflow) -> Workflow:
    """Read a workflow anew."""
    return Workflow.objects.select_related("client", "blueprint", "version").get(pk=workflow.pk)


def gates(workflow: Workflow) -> list[str]:
    """Return the names of the gates of a workflow's only step."""
    version = fresh(workflow).version
    assert version is not None
    return [gate["name"] for gate in version.definition["steps"][0]["gates"]]


def sign(actor: Actor, request: ChangeRequest) -> ChangeRequest:
    return changes.approve(actor, request.pk, content_hash=request.content_hash)
