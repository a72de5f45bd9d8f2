"""Every list can be sorted by each column that it offers, up and down."""

from collections.abc import Callable, Collection

import pytest
from django.test import Client as Browser

from mappings.pages import mappings
from syncjobs.pages import connections, engagements, exceptions, holds, records, runs, workflows
from tenants.accounts.pages import clients
from tests import actors

LISTS: dict[str, Collection[str]] = {
    "/clients/": clients.SORTS,
    "/mappings/": mappings.SORTS,
    "/work/connections/": connections.SORTS,
    "/work/engagements/": engagements.SORTS,
    "/work/exceptions/": exceptions.SORTS,
    "/work/exceptions/on-hold/": holds.SORTS,
    "/work/records/": records.SORTS,
    "/work/workflows/": workflows.SORTS,
    "/work/workflows/runs/": runs.SORTS,
}


@pytest.mark.parametrize("place", LISTS)
def test_each_column_sorts_both_ways(place: str, browse: Callable[..., Browser]) -> None:
    staff = browse(actors.ALICE)
    for name in LISTS[place]:
        for sign in ("", "-"):
            answer = staff.get(place, {"sort": f"{sign}{name.removeprefix('-')}"})
            assert answer.status_code == 200, (place, sign, name)
