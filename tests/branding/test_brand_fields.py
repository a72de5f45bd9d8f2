"""What a brand may say: names, words, addresses; and going back to an earlier version."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.template import Context, Template
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from branding.identity import Identity
from branding.models import Brand
from branding.nouns import Nouns
from branding.services import brand as service
from branding.services import brand_changes
from branding.services.brand import BrandValues, Pictures
from branding.services.brand_words import labels_in
from branding.services.identity import current_identity, forget_identity
from branding.services.theme import theme_of
from branding.storage import read_picture
from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from tenants.models import Partner
from tests.actors import ALICE, BOB, Person
from tests.branding.test_images import picture

ActorOf = Callable[[Person], Actor]
TEAL = BrandValues(name="Northwind Ops", primary="#0f766e")
WORDS = Nouns(
    {"client": "account", "clients": "accounts", "exception": "blocker", "exceptions": "blockers"}
)


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def _refusal(actor: Actor, **values: str) -> str:
    with pytest.raises(ValidationError) as refused:
        service.edit_brand(actor, replace(TEAL, **values))  # type: ignore[arg-type]  # by name
    (field,) = values
    messages: str = " ".join(refused.value.message_dict[field])
    return messages


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("Ops\r\nBcc: all@x.example", "on one line"),
        ("Ops\u202egnp.exe", "without hidden"),
        ("Ops\u200b", "without hidden"),
        ("<b>Ops</b>", "not HTML"),
        ("=cmd|' /C calc'!A0", "Begin with a letter"),
        ("+49 Ops", "Begin with a letter"),
        ("x" * 10_000, "at most"),
        ("a\x00b", "on one line"),
    ],
)
@pytest.mark.parametrize("field", ["name", "sign_in_text", "noun_client"])
def test_a_text_that_could_do_harm_is_refused_with_advice(
    actor: ActorOf, field: str, text: str, advice: str
) -> None:
    assert advice in _refusal(actor(ALICE), **{field: text})
    assert Brand.objects.count() == 1


@pytest.mark.parametrize("colour", ["red;}body{", "red", "#12", "url(x)", "#0f766e;", ""])
def test_a_colour_that_is_none_is_refused_with_an_example(actor: ActorOf, colour: str) -> None:
    assert "for example #0f766e" in _refusal(actor(ALICE), primary=colour)
    assert "--brand:#3f5b75" in _theme()


def _theme() -> str:
    identity = current_identity()
    return theme_of(identity.primary, identity.accent)[0]


@pytest.mark.parametrize(
    "address",
    [
        "http://x.example/terms",
        "javascript:alert(1)",
        "//x.example",
        "https://",
        "https://user@x.example/",
        "https://localhost/terms",
        'https://x.example/"onclick=',
        "https://x.example/ terms",
        "https://[::1/terms",
    ],
)
@pytest.mark.parametrize("field", ["terms_url", "privacy_url", "imprint_url"])
def test_a_legal_link_is_a_whole_https_address(actor: ActorOf, field: str, address: str) -> None:
    assert "https://" in _refusal(actor(ALICE), **{field: address})


def test_legal_links_are_shown_in_order_and_only_those_that_are_there(actor: ActorOf) -> None:
    values = replace(TEAL, terms_url="https://n.example/t", imprint_url="https://n.example/i")
    brand_changes.set_up_brand(actor(ALICE), values)
    assert _fresh().legal_links == [
        ("Terms", "https://n.example/t"),
        ("Imprint", "https://n.example/i"),
    ]


def _fresh() -> Identity:
    forget_identity()
    return current_identity()


def test_a_word_needs_its_plural(actor: ActorOf) -> None:
    with pytest.raises(ValidationError) as refused:
        service.edit_brand(actor(ALICE), replace(TEAL, noun_client="account"))
    assert "for one and for many" in str(refused.value.message_dict["noun_clients"])


@pytest.mark.parametrize(
    ("field", "value"), [("locale", "xx"), ("locale", "tlh"), ("time_zone", "Mars/Olympus")]
)
def test_forms_and_zones_are_of_the_list(actor: ActorOf, field: str, value: str) -> None:
    assert "on the list" in _refusal(actor(ALICE), **{field: value})


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("clients", "accounts"),
        ("Clients", "Accounts"),
        ("a client", "an account"),
        ("A client", "An account"),
        ("an exception", "a blocker"),
        ("Workflow", "Workflow"),
        ("a workflow", "a workflow"),
    ],
)
def test_a_noun_keeps_its_form(phrase: str, expected: str) -> None:
    assert WORDS.phrase(phrase) == expected
    page = Template(f'{{% noun "{phrase}" %}}')
    shown = page.render(Context({"brand": type("Some", (), {"nouns": WORDS})}))
    assert shown == expected


def test_a_word_that_is_no_noun_of_ours_is_a_mistake_of_the_template() -> None:
    with pytest.raises(KeyError, match="mapping"):
        WORDS.phrase("mapping")


def test_a_noun_is_escaped_in_a_page() -> None:
    evil = type("Some", (), {"nouns": Nouns({"client": "a&b"})})
    assert Template('{% noun "client" %}').render(Context({"brand": evil})) == "a&amp;b"


def test_an_own_icon_outlives_a_new_logo_and_goes_when_it_is_removed(actor: ActorOf) -> None:
    alice = actor(ALICE)
    square, wide = picture("PNG", (300, 300)), picture("PNG", (400, 100))
    draft = service.edit_brand(alice, TEAL, Pictures(icon=square))
    given = draft.icon
    assert read_picture(given)
    draft = service.edit_brand(alice, TEAL, Pictures(logo=wide))
    assert (draft.icon, draft.icon_given) == (given, True)
    draft = service.edit_brand(alice, TEAL, Pictures(remove_icon=True))
    assert (draft.icon, draft.icon_given) == ("", False)
    draft = service.edit_brand(alice, TEAL, Pictures(logo=square))
    assert draft.icon
    assert not draft.icon_given


def test_going_back_publishes_the_old_values_as_a_new_version(
    actor: ActorOf, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    alice = actor(ALICE)
    first = brand_changes.set_up_brand(alice, TEAL)
    second = brand_changes.set_up_brand(alice, replace(TEAL, primary="#b91c1c", name="Red"))
    draft = service.edit_brand(alice, replace(TEAL, name="Later"))
    with django_capture_on_commit_callbacks(execute=True):
        brand_changes.revert_brand(alice, first.pk)
    again = Brand.objects.get(state="live")
    assert again.pk not in (first.pk, second.pk)
    assert (current_identity().name, current_identity().primary) == ("Northwind Ops", "#0f766e")
    first.refresh_from_db()
    second.refresh_from_db()
    draft.refresh_from_db()
    assert (first.state, second.state, draft.state) == ("retired", "retired", "draft")
    assert (second.name, draft.name, again.published_by) == ("Red", "Later", alice.label)
    entry = AuditEntry.objects.filter(action="brand.reverted").get()
    assert (entry.before or {})["primary"] == "#b91c1c"
    assert (entry.after or {})["primary"] == "#0f766e"


def test_going_back_to_what_is_live_or_to_a_draft_changes_nothing(actor: ActorOf) -> None:
    alice = actor(ALICE)
    live = brand_changes.set_up_brand(alice, TEAL)
    draft = service.edit_brand(alice, replace(TEAL, name="Later"))
    count = Brand.objects.count()
    assert brand_changes.revert_brand(alice, live.pk) is None
    with pytest.raises(Brand.DoesNotExist):
        brand_changes.revert_brand(alice, draft.pk)
    with pytest.raises(NotPermitted):
        brand_changes.revert_brand(actor(BOB), live.pk)
    assert Brand.objects.count() == count


def test_a_version_says_what_it_changed(northwind: Partner, actor: ActorOf) -> None:
    first = brand_changes.set_up_brand(actor(ALICE), TEAL)
    second = brand_changes.set_up_brand(
        actor(ALICE), replace(TEAL, primary="#b91c1c", terms_url="https://n.example/t")
    )
    changed = labels_in(service.values_of(first), service.values_of(second))
    assert changed == ["main colour", "address of the terms"]
    assert labels_in({}, service.values_of(first)) == []
