"""Who may do what, declared for every route of every door. An undeclared route fails CI.

Each app's promises are in `promised/`, in a module named after the app; `rule.py` says how
one is written. In such a module SHARED is for the admin and the portal, ADMIN, PORTAL and
CONSOLE for one door, API for the scope that each method of an API route needs.
"""

from dataclasses import replace
from typing import TypeVar

from tests.isolation.promised import branding, config, governance, mappings, syncjobs, tenants
from tests.isolation.rule import OPERATOR, Rule

Promise = TypeVar("Promise", Rule, dict[str, str], str)


def joined(*parts: dict[str, Promise]) -> dict[str, Promise]:
    """Put the apps' promises together; a name that two of them declare is refused."""
    whole: dict[str, Promise] = {}
    for part in parts:
        twice = whole.keys() & part.keys()
        if twice:
            raise ValueError(f"declared twice: {', '.join(sorted(twice))}")
        whole |= part
    return whole


_SHARED = joined(
    tenants.ENTRY, tenants.OWN, tenants.SHARED, config.SHARED, branding.SHARED, syncjobs.SHARED
)
ADMIN: dict[str, Rule] = joined(
    _SHARED,
    config.ADMIN,
    tenants.ADMIN,
    branding.ADMIN,
    mappings.ADMIN,
    governance.ADMIN,
    syncjobs.ADMIN,
)
PORTAL: dict[str, Rule] = joined(
    _SHARED,
    tenants.PORTAL,
    branding.PORTAL,
    mappings.PORTAL,
    governance.PORTAL,
    syncjobs.PORTAL,
)
CONSOLE: dict[str, Rule] = joined(
    tenants.ENTRY,
    {name: replace(rule, needs=OPERATOR) for name, rule in tenants.OWN.items()},
    tenants.CONSOLE,
)
PAGES = {"admin": ADMIN, "portal": PORTAL, "console": CONSOLE}

# The same on both of a partner's hosts.
API: dict[str, dict[str, str]] = joined(
    tenants.API, branding.API, mappings.API, governance.API, syncjobs.API
)
# Objects of the partner as a whole: for a client's token they are not there.
PARTNERS_OWN = {"role-detail"}

# Commands are run on the server by its operator, tasks by the worker. Both are declared so
# that a new one is noticed: what it may touch, and whose permission it acts with.
COMMANDS: dict[str, str] = joined(tenants.COMMANDS, mappings.COMMANDS, syncjobs.COMMANDS)
TASKS: dict[str, str] = joined(tenants.TASKS, branding.TASKS, syncjobs.TASKS)
