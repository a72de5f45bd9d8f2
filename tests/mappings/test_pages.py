"""The editor in the staff admin, and what a client's people see of it."""

import csv
import io
import re

import pytest

from governance.models import AuditEntry, ChangeRequest
from mappings import samples
from mappings.documents import rules_of
from mappings.editor.form import form_of
from mappings.models import Mapping, MappingVersion
from mappings.samples import Sample
from mappings.services.preview import read_sample
from tenants.accounts.models import Client
from tests import actors
from tests.actors import Person
from tests.mappings.conftest import CUSTOMERS, SAMPLE, make, with_rule
from tests.mappings.pages import PORTAL, Browse, page, post
from tests.mappings.test_editor import posted

pytestmark = pytest.mark.usefixtures("at_home")
SAMPLE_TEXT = '{"number": "C-1", "name": " Ada ", "address": {"city": "Ulm"}}'


def sent(document: dict[str, object], **more: str) -> str:
    """Return the form of a document as a browser sends it."""
    form = posted(form_of(document))
    form["sample"] = SAMPLE_TEXT
    form["base"] = "1"
    for name, value in more.items():
        form[name.replace("__", "-")] = value
    return form.urlencode()


def test_the_list_says_from_where_to_where(customers: Mapping, browse: Browse) -> None:
    shown = browse(actors.BOB).get(page("mapping_list") + "?q=accounts").content.decode()
    assert "Customers from the CRM" in shown
    assert "accounts of crm" in shown
    assert "Customer" in shown


def test_the_editor_shows_each_rule_with_its_result(
    customers: Mapping, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = Sample("C-1", "Ada Ltd", SAMPLE)
    monkeypatch.setattr(samples, "_finders", [lambda mapping, client, most: [stored]])
    shown = browse(actors.BOB).get(page("mapping_detail", customers.pk)).content.decode()
    assert 'value="address.city"' in shown
    assert ">Ulm<" in shown
    assert "Ada Ltd" in shown
    assert "Propose change" in shown


def test_typing_answers_results_and_errors_beside_their_rules(
    customers: Mapping, browse: Browse
) -> None:
    document = with_rule(CUSTOMERS, id="city", target="town", source="address.city")
    document = with_rule(document, id="p", target="phone", source="adress.phone")
    answer = post(
        browse(actors.BOB), page("mapping_preview", customers.pk), sent(document),
        **{"HX-Request": "true"},
    )  # fmt: skip
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "<form" not in text
    number, name, city, phone = (
        text[text.index(f'id="out-{n}"') :].split("</div>")[0] for n in range(1, 5)
    )
    assert "C-1" in number
    assert "Ada" in name
    assert "There is no field" in city
    assert "has no field &#x27;adress.phone&#x27;" in phone
    assert MappingVersion.objects.count() == 1


def test_a_check_says_whether_the_sample_is_refused_waits_or_goes_on(
    customers: Mapping, browse: Browse
) -> None:
    never = {"assert": "eq(field('name'), 'Bob')", "message": "Not Bob."}
    checks = [{**never, "id": one, "severity": one} for one in ("reject", "hold", "warn")]
    found = {}
    for one in checks:
        body = sent({**CUSTOMERS, "checks": [one]})
        answer = post(browse(actors.BOB), page("mapping_preview", customers.pk), body)
        text = answer.content.decode()
        found[one["id"]] = text[text.index('id="check-out-1"') :].split("</div>")[0]
    assert all("Not Bob." in text for text in found.values())
    assert [name for name, text in found.items() if "ui-field-error" in text] == ["reject"]
    assert "The sample waits" in found["hold"]
    assert "goes on, with a warning" in found["warn"]


def test_who_adds_a_step_goes_on_in_its_first_setting(customers: Mapping, browse: Browse) -> None:
    body = sent({"rules": [{"id": "a", "target": "name", "source": "name"}]}, do="add-step:a")
    answer = post(
        browse(actors.BOB), page("mapping_preview", customers.pk),
        f"{body}&new-step-a=table", **{"HX-Request": "true"},
    )  # fmt: skip
    text = answer.content.decode()
    first = text[: text.index(" autofocus")].rpartition("<")[2]
    assert first.startswith('textarea class="textarea ui-mono" id="set-1-0-table"')
    assert "Step &#x27;By a table&#x27;: fill in &#x27;Table&#x27;." in text


def test_while_typing_only_what_is_shown_otherwise_by_now_is_sent(
    customers: Mapping, browse: Browse
) -> None:
    bob, path = browse(actors.BOB), page("mapping_preview", customers.pk)

    def typed(document: dict[str, object], had: list[str], **more: str) -> str:
        body = "&".join([sent(document, **more), *(f"mark={one}" for one in had)])
        return str(post(bob, path, body, **{"HX-Request": "true"}).content.decode())

    whole = typed(CUSTOMERS, [])
    marks = re.findall(r'name="mark" value="([^"]+)"', whole)
    assert 'id="out-1"' in whole
    assert 'id="target-list"' in whole
    again = typed(CUSTOMERS, marks)
    assert "hx-swap-oob" not in again
    assert 'id="preview"' in again
    changed = typed(with_rule(CUSTOMERS, id="name", target="name", source="nome"), marks)
    assert re.findall(r'id="(out-\d+)"', changed) == ["out-2", "out-3"]
    assert 'id="target-list"' not in changed
    pressed = typed(CUSTOMERS, marks, do="add-rule")
    assert 'id="out-1"' in pressed, "a button's answer is whole"


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("add-rule", 'hx-swap-oob="beforeend:#rules"'),
        ("remove-rule:name", 'id="rule-2" hx-swap-oob="delete"'),
        ("add-step:name", 'value="upper"'),
        ("remove-step:name:0", 'id="rule-2" hx-swap-oob="true"'),
        ("add-check", 'hx-swap-oob="beforeend:#checks"'),
        ("sample", 'id="sample-card" hx-swap-oob="true"'),
    ],
)
def test_a_button_swaps_what_it_changes(
    customers: Mapping, browse: Browse, command: str, found: str
) -> None:
    body = sent(CUSTOMERS, do=command, new__step__name="upper")
    path = page("mapping_preview", customers.pk)
    assert found in post(browse(actors.BOB), path, body, **{"HX-Request": "true"}).content.decode()


def test_without_script_a_button_gives_the_whole_page_with_all_that_was_written(
    customers: Mapping, browse: Browse
) -> None:
    document = with_rule(CUSTOMERS, id="p", target="phone", source="tel", note="my note")
    answer = post(
        browse(actors.BOB), page("mapping_preview", customers.pk), sent(document, do="add-rule")
    )
    text = answer.content.decode()
    assert "<form" in text
    assert 'value="my note"' in text
    assert 'id="target-5"' in text


def test_a_proposal_goes_to_change_control(customers: Mapping, browse: Browse) -> None:
    document = with_rule(CUSTOMERS, id="name", target="name", source="name")
    body = sent(document, do="propose", reason="They are clean already.", title="Names as they are")
    answer = post(browse(actors.BOB), page("mapping_propose", customers.pk), body)
    request = ChangeRequest.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == page("change_detail", request.pk)
    assert (request.title, request.status) == ("Names as they are", "submitted")
    version = MappingVersion.objects.get(number=2)
    assert version.document["rules"] == rules_of(document)


def test_a_proposal_that_can_not_go_on_keeps_what_was_written(
    customers: Mapping, browse: Browse
) -> None:
    path = page("mapping_propose", customers.pk)
    wrong = with_rule(CUSTOMERS, id="city", target="town", source="address.city", note="my note")
    body = sent(wrong, do="propose", reason="Because.")
    answer = post(browse(actors.BOB), path, body)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "There is no field" in text
    assert 'value="my note"' in text
    assert "Because." in text
    silent = post(
        browse(actors.BOB),
        path,
        sent(with_rule(CUSTOMERS, id="x", target="phone", source="number"), do="propose"),
    )
    assert silent.status_code == 422
    assert "Write a reason" in silent.content.decode()
    assert MappingVersion.objects.count() == 1
    assert not ChangeRequest.objects.exists()


def test_a_draft_is_kept_and_edited_on(customers: Mapping, browse: Browse) -> None:
    document = with_rule(CUSTOMERS, id="p", target="phone", source="number")
    browser = browse(actors.BOB)
    answer = post(browser, page("mapping_propose", customers.pk), sent(document, do="draft"))
    assert answer["Location"].endswith("?version=2")
    shown = browser.get(answer["Location"]).content.decode()
    assert 'name="base" value="2"' in shown
    assert "Version 2, draft" in shown


@pytest.mark.parametrize("version", ["99", "x", "9" * 5_000, "１"])
def test_a_version_that_is_not_there_is_a_404_or_the_live_one(
    customers: Mapping, browse: Browse, version: str
) -> None:
    path = page("mapping_detail", customers.pk) + f"?version={version}"
    assert browse(actors.BOB).get(path).status_code in (200, 404)


@pytest.mark.parametrize(
    "sample", ["", "{", "[1]", "{" * 100_000, '{"a": "\\ud800"}', '{"a": 1, "a": 2}']
)
def test_a_sample_that_is_none_is_said_and_harms_nothing(
    customers: Mapping, browse: Browse, sample: str
) -> None:
    body = sent(CUSTOMERS, sample=sample)
    for headers in ({}, {"HX-Request": "true"}):
        path = page("mapping_preview", customers.pk)
        assert post(browse(actors.BOB), path, body, **headers).status_code == 200


def test_an_empty_form_is_no_crash(customers: Mapping, browse: Browse) -> None:
    for name in ("mapping_preview", "mapping_propose"):
        answer = post(browse(actors.BOB), page(name, customers.pk), "")
        assert answer.status_code in (200, 422)
        assert "1 to 500 rules" in answer.content.decode()


@pytest.mark.parametrize("person", [actors.CAROL, actors.FRANK])
def test_who_may_only_look_has_no_form(customers: Mapping, browse: Browse, person: Person) -> None:
    browser = browse(person)
    shown = browser.get(page("mapping_detail", customers.pk)).content.decode()
    assert "name ← name | trim" in shown
    assert 'id="editor"' not in shown
    refused = post(browser, page("mapping_propose", customers.pk), sent(CUSTOMERS, do="draft"))
    assert refused.status_code == 403


# --- a client's people -----------------------------------------------------------------------


def test_a_client_sees_its_own_and_the_partners_and_nothing_of_others(
    customers: Mapping, alder: Client, birch: Client, browse: Browse
) -> None:
    own, other = make(alder, name="Alder's customers"), make(birch, name="Birch's customers")
    browser = browse(actors.GRACE)
    listed = browser.get(page("mapping_list", door=PORTAL)).content.decode()
    assert "Alder&#x27;s customers" in listed
    assert "Birch" not in listed
    assert listed.count("Yours alone") == 1
    assert browser.get(page("mapping_detail", own.pk, door=PORTAL)).status_code == 200
    assert browser.get(page("mapping_detail", customers.pk, door=PORTAL)).status_code == 200
    assert browser.get(page("mapping_detail", other.pk, door=PORTAL)).status_code == 404


def test_a_client_tries_the_partners_mapping_on_its_own_records_only(
    customers: Mapping, alder: Client, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []

    def finder(mapping: Mapping, client_id: int | None, most: int) -> list[Sample]:
        asked.append(client_id)
        return []

    monkeypatch.setattr(samples, "_finders", [finder])
    browse(actors.GRACE).get(page("mapping_detail", customers.pk, door=PORTAL))
    browse(actors.BOB).get(page("mapping_detail", customers.pk))
    browse(actors.BOB).get(page("mapping_detail", make(alder).pk))
    assert asked == [alder.pk, None, alder.pk]


def test_a_client_does_not_see_the_partners_drafts(customers: Mapping, browse: Browse) -> None:
    document = with_rule(CUSTOMERS, id="p", target="phone", source="number")
    post(browse(actors.BOB), page("mapping_propose", customers.pk), sent(document, do="draft"))
    browser, path = browse(actors.GRACE), page("mapping_detail", customers.pk, door=PORTAL)
    assert "Version 2" not in browser.get(path).content.decode()
    assert browser.get(f"{path}?version=2").status_code == 404


def test_the_sample_of_these_tests_is_a_sample() -> None:
    assert read_sample(SAMPLE_TEXT)["number"] == "C-1"


def test_the_list_is_downloaded_in_the_order_of_its_address(
    customers: Mapping, browse: Browse
) -> None:
    make(slug="accounts-b", name="Accounts of the ERP")
    staff, place = browse(actors.BOB), page("mapping_list")
    shown = staff.get(place).content.decode()
    assert "?format=csv" in shown
    assert "?sort=name" in shown

    def names(**asked: str) -> list[str]:
        answer = staff.get(place, {"format": "csv", **asked})
        assert "attachment" in answer["Content-Disposition"]
        lines = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
        return [one["Mapping"] for one in lines]

    up = names(sort="name")
    assert up == sorted(up)
    assert len(up) == Mapping.objects.count() > 1
    assert names(sort="-name") == up[::-1]
    assert names(q="accounts of the") == ["Accounts of the ERP"]
    assert AuditEntry.objects.filter(action="table.exported").count() == 3
