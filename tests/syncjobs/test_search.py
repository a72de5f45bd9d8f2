"""One search over everything: by permission, within one's own, and served by an index."""

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test import Client as Browser
from django_tenants.utils import tenant_context

from bench.crowd import make_crowd
from governance.actors import Actor
from syncjobs.models import CanonicalRecord
from syncjobs.models.words import word_query, word_vector
from syncjobs.services.search import search
from tenants.accounts.models import Client
from tenants.models import Partner
from tests.actors import ALICE, DAVE, ERIN, GRACE, IVAN, MALLORY, Person
from tests.at_home import at_home, page_url
from tests.isolation import world

__all__ = ["at_home"]
Browse = Callable[..., Browser]
Of = Callable[[Person], Actor]
CANARY = "canary-northwind"


@pytest.fixture
def filled(northwind: Partner) -> Partner:
    """One object of each kind for both clients."""
    world.build(northwind.slug)
    return northwind


def kinds(actor: Actor, words: str) -> list[str]:
    return [group.label for group in search(actor, words, 5)]


def titles(actor: Actor, words: str) -> list[str]:
    return [one.title for group in search(actor, words, 5) for one in group.found]


def test_each_kind_is_for_those_who_may_see_it(filled: Partner, actor: Of) -> None:
    everything = ["Exceptions", "Engagements", "Records", "Workflows", "Connections"]
    assert kinds(actor(ALICE), "canary") == everything
    assert kinds(actor(DAVE), "canary") == everything
    assert kinds(actor(ERIN), "canary") == ["Exceptions", "Engagements", "Records", "Workflows"]
    assert kinds(actor(ALICE), "alder") == [
        "Clients", "Exceptions", "Engagements", "Records", "Workflows", "Connections", "People"
    ]  # fmt: skip
    assert "People" not in kinds(actor(DAVE), "grace")
    assert titles(actor(ALICE), "grace") == ["Grace Lindqvist"]


def test_a_clients_person_finds_their_own_and_nobody_elses(filled: Partner, actor: Of) -> None:
    for person, own, other in ((GRACE, "alder", "birch"), (MALLORY, "birch", "alder")):
        found = titles(actor(person), "canary")
        assert found
        assert all(own in one and other not in one for one in found)
        assert titles(actor(person), f"{CANARY}-{other}") == []
    assert kinds(actor(IVAN), "canary") == ["Exceptions", "Engagements", "Records", "Workflows"]
    assert titles(actor(GRACE), "mallory") == []
    assert titles(actor(IVAN), "grace") == [], "a viewer sees no people"


def test_one_term_at_two_partners_gives_each_their_own(
    browse: Browse, northwind: Partner, brightbridge: Partner
) -> None:
    for partner in (northwind, brightbridge):
        with tenant_context(partner):
            world.build(partner.slug)
    for name in ("search", "search_suggest"):
        for slug, other in (("northwind", "brightbridge"), ("brightbridge", "northwind")) * 2:
            answer = browse(ALICE, slug).get(page_url(name), {"q": "canary"}).content.decode()
            assert f"canary-{slug}" in answer
            assert f"canary-{other}" not in answer


@pytest.mark.parametrize(
    ("words", "finds"),
    [
        ("harb", True),
        ("HARBOUR gran", True),
        ("gran harb", True),
        ("ENG-77-04", True),
        ("eng 77", True),
        ("C-1001/2", True),
        ("1001", True),
        ("arbour", False),
        ("harbour zinc", False),
        ("Ünï", True),
    ],
)
def test_records_are_found_by_the_beginnings_of_their_words(
    words: str, finds: bool, alder: Client, actor: Of
) -> None:
    CanonicalRecord.objects.create(
        client=alder,
        type="customer",
        key="C-1001/2",
        label="Harbour Granite & Co Üníon Ünïted",
        engagement="ENG-77-042",
        version=1,
    )
    assert bool(titles(actor(ALICE), words)) is finds


@pytest.mark.parametrize(
    ("words", "finds"),
    [("INV-2026-00417", True), ("inv 2026", True), ("00417", True), ("0041", True), ("417", False)],
)
def test_an_invoice_is_found_by_the_number_printed_on_it_at_both_doors(
    words: str, finds: bool, alder: Client, actor: Of
) -> None:
    invoice = CanonicalRecord(client=alder, type="invoice", key="P-1:2026-10", version=1)
    invoice.data = {"number": "P-1:2026-10", "external_number": "INV-2026-00417"}
    invoice.label = invoice.key
    invoice.save()
    for person in (ALICE, GRACE):
        assert ("P-1:2026-10" in titles(actor(person), words)) is finds
    assert titles(actor(MALLORY), words) == [], "another client's invoice"


@pytest.mark.parametrize(
    "words",
    ["", " ", "a", "&", "'", "'; --", "a:* | b", "!!", "%%", "((", "\\", "x" * 5000, "👍👍"],
)
def test_odd_input_is_no_error(words: str, filled: Partner, actor: Of, browse: Browse) -> None:
    search(actor(ALICE), words, 5)
    for name in ("search", "search_suggest"):
        assert browse(ALICE).get(page_url(name), {"q": words}).status_code == 200


def test_a_percent_sign_is_looked_for_as_it_is(filled: Partner, actor: Of) -> None:
    assert titles(actor(ALICE), "%%%") == []


@pytest.mark.usefixtures("at_home")
def test_the_box_is_in_both_frames_and_leads_to_a_page_of_results(
    filled: Partner, browse: Browse
) -> None:
    for person, door in ((ALICE, "admin"), (GRACE, "portal")):
        browser = browse(person)
        address = page_url("search", door=door)
        start = browser.get("/").content.decode()
        assert f'action="{address}"' in start
        page = browser.get(address, {"q": "alder"}).content.decode()
        assert "Customer canary-northwind-alder" in page
        assert "<h1" in page
        part = browser.get(page_url("search_suggest", door=door), {"q": "alder"}).content.decode()
        assert "<html" not in part
        assert "Customer canary-northwind-alder" in part


def test_more_than_are_shown_is_said(northwind: Partner, browse: Browse) -> None:
    make_crowd(2, records_each=60)
    page = browse(ALICE).get(page_url("search"), {"q": "harbour"}).content.decode()
    assert "There are more" in page


def test_records_are_found_through_their_index(northwind: Partner) -> None:
    make_crowd(2, records_each=50)
    rows = CanonicalRecord.objects.annotate(words=word_vector()).filter(words=word_query("harb 42"))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = rows.order_by().explain()
    assert "record_words" in plan


def test_a_key_is_told_once(alder: Client, actor: Of) -> None:
    data = {"external_number": "INV-88"}
    CanonicalRecord.objects.create(
        client=alder, type="invoice", key="INV-88", label="INV-88", data=data, version=1
    )
    found = [one for group in search(actor(GRACE), "INV-88", 5) for one in group.found]
    assert [(one.title, one.text) for one in found] == [("INV-88", "Invoice")]
