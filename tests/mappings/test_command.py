"""`manage.py mapping_preview`."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from mappings.models import Mapping
from tests.mappings.conftest import CUSTOMERS, make


def preview(*args: str) -> str:
    out = StringIO()
    call_command("mapping_preview", *args, stdout=out, stderr=out)
    return out.getvalue()


def test_it_shows_each_field_and_the_record(customers: Mapping, tmp_path: Path) -> None:
    sample = tmp_path / "sample.json"
    sample.write_text('{"number": "C-1", "name": " Ada ", "address": {"city": "Ulm"}}')
    shown = preview("northwind", "crm-customers", str(sample))
    assert "Ada" in shown
    assert shown.splitlines()[-1] == '{"city":"Ulm","name":"Ada","number":"C-1"}'


def test_a_sample_that_is_refused_is_an_error_that_says_why(
    customers: Mapping, tmp_path: Path
) -> None:
    sample = tmp_path / "sample.json"
    sample.write_text("{}")
    with pytest.raises(CommandError, match="number"):
        preview("northwind", "crm-customers", str(sample))


def test_rows_of_a_table_are_counted_and_the_wrong_ones_explained(
    customers: Mapping, tmp_path: Path
) -> None:
    sample, out = tmp_path / "sample.csv", StringIO()
    sample.write_text("number;name\nC-1;Ada\n;Grace\n")
    with pytest.raises(CommandError, match="Some rows are refused"):
        call_command("mapping_preview", "northwind", "crm-customers", str(sample), stdout=out)
    assert "number: The field is empty (from number). Row 3." in out.getvalue()
    assert "1 of 2 rows come through." in out.getvalue()
    out = StringIO()
    third = ("northwind", "crm-customers", str(sample), "--row", "3")
    with pytest.raises(CommandError, match="The sample is refused"):
        call_command("mapping_preview", *third, stdout=out)
    assert "Grace → Grace" in out.getvalue(), "the wrong row can be looked at"
    with pytest.raises(CommandError, match="There is no row 9: they are 2 to 3"):
        preview("northwind", "crm-customers", str(sample), "--row", "9")
    sample.write_text("number;name\nC-1;Ada\nC-2;Grace\n")
    shown = preview("northwind", "crm-customers", str(sample), "--row", "3")
    assert shown.splitlines()[-1] == '{"city":null,"name":"Grace","number":"C-2"}'


def test_all_that_a_record_becomes_is_shown(customers: Mapping, tmp_path: Path) -> None:
    each = {"id": "e", "target": "each", "source": "all", "steps": [{"do": "explode"}]}
    number = {"id": "n", "target": "number", "source": "each"}
    name = {"id": "m", "target": "name", "source": "each"}
    make(slug="lists", document={"rules": [each, number, name]})
    sample = tmp_path / "sample.json"
    sample.write_text('{"all": ["1", "2"]}')
    shown = preview("northwind", "lists", str(sample)).splitlines()
    assert shown[-3:] == [
        "It makes 2 records; above is the first.",
        '{"name":"1","number":"1"}',
        '{"name":"2","number":"2"}',
    ]


def test_checks_say_whether_the_record_waits_or_goes_on(customers: Mapping, tmp_path: Path) -> None:
    never = {"assert": "eq(field('name'), 'Bob')", "message": "Not Bob."}
    checks = [{**never, "id": one, "severity": one} for one in ("hold", "warn")]
    make(slug="checked", document={**CUSTOMERS, "checks": checks})
    sample = tmp_path / "sample.json"
    sample.write_text('{"number": "C-1", "name": "Ada"}')
    shown = preview("northwind", "checked", str(sample)).splitlines()
    assert shown[-3:-1] == ["It waits: Not Bob.", "Warning: Not Bob."]


@pytest.mark.parametrize(
    ("partner", "mapping", "text", "words"),
    [
        ("nobody", "crm-customers", "{}", "no partner"),
        ("northwind", "nothing", "{}", "no live mapping"),
        ("northwind", "crm-customers", "[", "not JSON"),
        ("northwind", "crm-customers", "", "There is nothing"),
        ("northwind", "crm-customers", None, "sample.json cannot be read"),
    ],
)
def test_what_is_not_there_is_named(
    customers: Mapping, tmp_path: Path, partner: str, mapping: str, text: str | None, words: str
) -> None:
    sample = tmp_path / "sample.json"
    if text is not None:
        sample.write_text(text)
    with pytest.raises(CommandError, match=words):
        preview(partner, mapping, str(sample))
