"""Components: what they render, and that text stays text."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory
from django_cotton.compiler_regex import CottonCompiler

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "templates" / "cotton").glob("*.html"))
EVIL = "<script>alert('x')</script>"


def render(source: str, address: str = "/", **values: object) -> str:
    brand = SimpleNamespace(
        name="Northwind Ops", letter="N", logo_url="", logo_has_name=False,
        primary="#0f766e", accent="", locale="en-gb", time_zone="UTC",
    )  # fmt: skip
    context = {"request": RequestFactory().get(address), "brand": brand, **values}
    return Template(CottonCompiler().process(source)).render(Context(context))


@pytest.mark.parametrize("name", NAMES)
def test_every_component_is_described_for_those_who_write_pages(name: str) -> None:
    described = (ROOT / "docs" / "interface.md").read_text()
    frame_parts = {"messages", "brand_mark", "theme_switch"}
    assert name in frame_parts or f"<c-{name.replace('_', '-')}>" in described


@pytest.mark.parametrize(
    "source",
    [
        '<c-page-header title="{{ evil }}" subtitle="{{ evil }}" back="{{ evil }}" />',
        '<c-card title="{{ evil }}" note="{{ evil }}">{{ evil }}</c-card>',
        '<c-stat label="{{ evil }}" value="{{ evil }}" hint="{{ evil }}" href="{{ evil }}" />',
        '<c-status value="{{ evil }}" />',
        '<c-status :value="evil" />',
        '<c-button label="{{ evil }}" hx-get="{{ evil }}">{{ evil }}</c-button>',
        '<c-alert title="{{ evil }}">{{ evil }}</c-alert>',
        '<c-fact label="{{ evil }}" :value="evil" />',
        '<c-event title="{{ evil }}" :at="evil" />',
        '<c-code label="{{ evil }}">{{ evil }}</c-code>',
        '<c-json :value="payload" />',
        '<c-diff :lines="lines" />',
        '<c-tabs :items="items" />',
        '<c-chips :items="items" />',
        '<c-money :amount="evil" currency="{{ evil }}" />',
        '<c-number :value="evil" />',
        '<c-when :value="evil" />',
        '<c-progress value="{{ evil }}" label="{{ evil }}" text="{{ evil }}" />',
        '<c-empty title="{{ evil }}" text="{{ evil }}" />',
        '<c-search placeholder="{{ evil }}" />',
        '<c-attention-item title="{{ evil }}" text="{{ evil }}" href="{{ evil }}" />',
        '<c-table caption="{{ evil }}"><tr><td>{{ evil }}</td></tr></c-table>',
    ],
)
def test_text_stays_text(source: str) -> None:
    html = render(
        source,
        f"/?q={EVIL}&other={EVIL}",
        evil=EVIL,
        payload={EVIL: EVIL},
        lines=[SimpleNamespace(sign="+", text=EVIL)],
        items=[{"label": EVIL, "url": EVIL, "active": True, "count": EVIL}],
    )
    assert "<script" not in html
    assert 'alert("' not in html


def test_a_value_is_not_escaped_twice() -> None:
    html = render('<c-page-header title="{{ name }}" />', name="Alder & Finch <LLP>")
    assert "<h1>Alder &amp; Finch &lt;LLP&gt;</h1>" in html


def test_a_component_takes_no_value_from_the_page_that_was_not_passed() -> None:
    html = render("<c-card>Body</c-card>", title="The page", note="a note", footer="a foot")
    assert "The page" not in html
    assert "a note" not in html
    assert "a foot" not in html


def test_a_button_has_one_class_attribute_and_passes_the_rest_on() -> None:
    html = render('<c-button class="mt-2" variant="primary" name="go" value="1">Go</c-button>')
    assert html.count("class=") == 1
    assert 'name="go"' in html
    assert "ui-primary" in html
    assert "mt-2" in html


def test_a_button_with_an_address_is_a_link() -> None:
    html = render('<c-button href="/x/" icon="plus">Add</c-button>')
    assert html.strip().startswith('<a href="/x/"')
    assert "icons.svg#plus" in html


class _Form(forms.Form):
    email = forms.EmailField(label="Address", help_text="Where invoices go.")
    note = forms.CharField(required=False)
    agree = forms.BooleanField()
    pick = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    token = forms.CharField(widget=forms.HiddenInput)


def test_a_field_ties_its_control_to_label_help_and_error() -> None:
    form = _Form({"email": "nobody"})
    html = render('<c-field :field="form.email" />', form=form)
    assert '<label for="id_email">' in html
    assert 'aria-describedby="id_email_helptext id_email_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_email_error"' in html
    assert html.count("aria-describedby") == 1


@pytest.mark.parametrize(
    ("field", "sign"),
    [
        ("note", "(optional)"),
        ("agree", 'class="checkbox"'),
        ("pick", "<legend>"),
        ("token", 'type="hidden"'),
    ],
)
def test_each_kind_of_field_is_laid_out_as_its_kind(field: str, sign: str) -> None:
    html = render('<c-field :field="field" />', field=_Form()[field])
    assert sign in html


def test_a_heading_sorts_up_then_down_and_says_so() -> None:
    up = render('<c-th sort="name">Name</c-th>', "/?q=a&page=3")
    assert 'href="?q=a&amp;sort=name"' in up
    assert "aria-sort" not in up
    down = render('<c-th sort="name">Name</c-th>', "/?q=a&sort=name")
    assert 'href="?q=a&amp;sort=-name"' in down
    assert 'aria-sort="ascending"' in down


def test_a_search_keeps_the_filter_and_starts_at_the_first_page() -> None:
    html = render('<c-search target="runs" />', "/?state=held&state=late&page=4&q=TE-1")
    assert html.count('name="state"') == 2
    assert 'name="page"' not in html
    assert 'value="TE-1"' in html
    assert 'id="runs-q"' in html  # or a swap loses the focus


def test_a_pager_keeps_the_rest_of_the_address() -> None:
    page = Paginator(range(1200), 500).page(2)
    html = render('<c-pager :page="page" noun="runs" />', "/?q=a&page=2", page=page)
    assert "501 to 1,000 of 1,200 runs" in html
    assert 'href="?q=a&amp;page=1"' in html
    assert 'href="?q=a&amp;page=3"' in html


def test_an_empty_list_says_what_to_do_instead_of_a_table() -> None:
    source = (
        '<c-list :empty="empty" empty_title="No runs yet" empty_text="Start one.">ROWS'
        '<c-slot name="empty_action"><c-button href="/go/">Start</c-button></c-slot></c-list>'
    )
    html = render(source, empty=True)
    assert "No runs yet" in html
    assert "/go/" in html
    assert "ROWS" not in html
    assert "ROWS" in render(source, empty=False)


def test_a_table_can_be_scrolled_and_read_out() -> None:
    html = render('<c-table caption="Runs"><tr></tr></c-table>')
    assert 'tabindex="0"' in html
    assert "<caption" in html


def test_a_diff_is_told_in_words_too() -> None:
    lines = [SimpleNamespace(sign="-", text="old"), SimpleNamespace(sign="+", text="new")]
    html = render('<c-diff :lines="lines" />', lines=lines)
    assert "removed: " in html
    assert "added: " in html


def test_money_and_numbers_and_moments_come_through_components_exactly() -> None:
    html = render(
        '<c-money :amount="amount" currency="EUR" /><c-number :value="count" digits="1" />'
        '<c-when :value="at" as="date" />',
        amount=Decimal("14320.10"),
        count=Decimal("99.67"),
        at=datetime(2025, 2, 3, tzinfo=UTC),
    )
    assert "14,320.10 <span>EUR</span>" in html
    assert ">99.7<" in html
    assert "3 Feb 2025" in html


def test_a_brand_without_a_logo_shows_its_letter() -> None:
    html = render('<c-brand-mark href="/" />')
    assert ">N</text>" in html
    assert "Northwind Ops" in html


def test_a_logo_that_holds_the_name_stands_for_it() -> None:
    brand = SimpleNamespace(
        name="Northwind Ops", logo_url="/brand/logo.png?v=1", logo_has_name=True
    )
    html = render("<c-brand-mark />", brand=brand)
    assert 'alt="Northwind Ops"' in html
    assert "<span>Northwind Ops</span>" not in html
