"""Mail: two parts under the brand, nothing from elsewhere, nothing smuggled in."""

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.template import TemplateDoesNotExist

from branding.identity import Identity
from branding.mail import send_branded
from branding.mail.sending import compose
from branding.services import brand as service
from branding.services.brand import BrandValues
from governance.actors import command_actor
from tenants import mailing
from tenants.accounts.mail import send_invitation
from tenants.accounts.models import User
from tenants.models import Partner
from tests.actors import BOB

IDENTITY = Identity(
    name="Brightbridge & Co",
    letter="B",
    theme_url="",
    icon_url="",
    primary="#f59e0b",
    support="care@bright.example",
)
INVITATION = {"name": "Bob", "invited_by": "Alice", "link": "http://x.localhost/welcome/a/b-c/"}
RESET = {"name": "Bob", "link": "http://x.localhost/welcome/a/b-c/", "days": 3}


@pytest.mark.parametrize(
    ("name", "values"), [("invitation", INVITATION), ("password_reset", RESET)]
)
def test_both_parts_carry_the_link_and_the_brand(name: str, values: dict[str, object]) -> None:
    made = compose(IDENTITY, name, values)
    assert "Brightbridge & Co" in made.subject
    for part in (made.text, made.html):
        assert "http://x.localhost/welcome/a/b-c/" in part
        assert "care@bright.example" in part
    assert "#f59e0b" in made.html


@pytest.mark.parametrize(
    ("name", "values"), [("invitation", INVITATION), ("password_reset", RESET)]
)
def test_nothing_is_loaded_from_elsewhere_and_no_library_is_named(
    name: str, values: dict[str, object]
) -> None:
    html = compose(IDENTITY, name, values).html.lower()
    for trace in ("googleapis", "@import", "<script", "mjml", "mrml", "django", "livery", "unfold"):
        assert trace not in html


def test_a_name_cannot_bring_markup_or_headers() -> None:
    made = compose(IDENTITY, "invitation", INVITATION | {"name": "<b>x</b>", "invited_by": "a\nb"})
    assert "<b>x</b>" not in made.html
    assert "<b>x</b>" in made.text  # plain text is as it was written
    assert "\n" not in made.subject


def test_an_unknown_mail_is_an_error() -> None:
    with pytest.raises(TemplateDoesNotExist):
        compose(IDENTITY, "no_such_mail", {})


def test_it_is_sent_under_the_partners_name_and_answered_to_its_support(
    northwind: Partner,
) -> None:
    values = BrandValues(name="Northwind Ops", primary="#0f766e", support_email="help@n.example")
    service.set_up_brand(command_actor("tests"), values)
    send_branded("bob@partner.example", "password_reset", RESET)
    (sent,) = mail.outbox
    assert sent.from_email.startswith("Northwind Ops <")
    assert sent.reply_to == ["help@n.example"]
    assert sent.to == ["bob@partner.example"]
    assert isinstance(sent, EmailMultiAlternatives)
    assert [kind for _, kind in sent.alternatives] == ["text/html"]


def test_the_accounts_mail_goes_out_branded(northwind: Partner) -> None:
    send_invitation(User.objects.get(email=BOB.email), "Alice Moreau")
    (sent,) = mail.outbox
    assert sent.subject == "Your access to Northwind Ops"
    assert "http://admin.northwind.localhost" in str(sent.body)


def test_there_is_one_sender() -> None:
    with pytest.raises(RuntimeError, match="registered already"):
        mailing.register_sender(lambda to, template, values: None)
