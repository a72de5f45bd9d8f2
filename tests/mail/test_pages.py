"""The owner's pages of mail, and the page where everybody chooses theirs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from branding.mail import smtp
from branding.models import MailSender
from branding.services import mail_sender
from governance.models import AuditEntry
from tenants import mailing
from tenants.accounts.models import User
from tenants.models import Partner
from tenants.outbox.kinds import KINDS
from tenants.outbox.models import OutgoingMail
from tenants.outbox.services.choices import wanted_mails
from tests.actors import ALICE, BOB, DAVE, GRACE
from tests.at_home import at_home
from tests.mail.servers import Script, serving

Browse = Callable[..., Browser]
pytestmark = pytest.mark.usefixtures("at_home")
__all__ = ["at_home"]
PAGES = ("mail_list", "mail_sender", "mail_previews", "mail_preview")


def url(name: str, *arguments: object, door: str = "admin") -> str:
    return reverse(name, args=arguments, urlconf=f"config.urls_{door}")


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer
    return str(answer.content.decode())


@pytest.mark.parametrize("name", PAGES)
def test_they_are_the_owners(browse: Browse, name: str) -> None:
    assert browse(BOB).get(url(name)).status_code == 403
    assert browse(ALICE).get(url(name)).status_code == 200


def test_the_log_says_to_whom_what_and_why_not(browse: Browse, northwind: Partner) -> None:
    mailing.send("nina@x.example", "test", {"name": "<script>x</script>", "host": "h"})
    OutgoingMail.objects.update(
        state="bounced", last_error="The mailbox was refused (550). It said: <b>no</b>"
    )
    page = text_of(browse(ALICE).get(url("mail_list")))
    assert "nina@x.example" in page
    assert "Mailbox refused it" in page
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "<script>x" not in page
    assert "nina@" in text_of(browse(ALICE).get(url("mail_list") + "?show=trouble&q=NINA"))
    assert "nina@" not in text_of(browse(ALICE).get(url("mail_list") + "?show=waiting"))


def test_the_log_does_not_tell_of_resets_that_strangers_asked_for(
    browse: Browse, northwind: Partner
) -> None:
    mailing.send("stranger@x.example", "password_reset", {"kind": "staff"})
    assert "stranger@" not in text_of(browse(ALICE).get(url("mail_list")))


def test_what_failed_is_sent_again_and_what_was_sent_is_not(
    browse: Browse, northwind: Partner
) -> None:
    mailing.send("nina@x.example", "test", {"name": "Nina", "host": "h"})
    mail = OutgoingMail.objects.get()
    for before, after in (("failed", "queued"), ("sent", "sent"), ("dropped", "dropped")):
        OutgoingMail.objects.update(state=before)
        browse(ALICE).post(url("mail_again", mail.pk))
        mail.refresh_from_db()
        assert mail.state == after
    assert AuditEntry.objects.filter(action="mail.sent_again").count() == 1
    assert browse(ALICE).post(url("mail_again", mail.pk + 999)).status_code == 404
    OutgoingMail.objects.update(state="failed")
    assert browse(DAVE).post(url("mail_again", mail.pk)).status_code == 403


def form(port: int) -> dict[str, object]:
    return {
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "username": "northwind",
        "password": "canary-7f3a",
        "from_address": "hello@northwind.example",
    }


def test_a_server_is_written_down_tested_and_used(
    browse: Browse, northwind: Partner, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    monkeypatch.setattr(smtp, "STEP_SECONDS", 0.5)
    alice, script = browse(ALICE), Script(replies={"AUTH": "535 no"})
    with serving(script) as port:
        page = text_of(alice.post(url("mail_sender"), form(port), follow=True))
        assert "Now send a test mail." in page
        assert "Not tested yet" in page
        page = text_of(alice.post(url("mail_sender_test"), follow=True))
        assert "User name or password were refused" in page
        script.replies.clear()
        page = text_of(alice.post(url("mail_sender_test"), follow=True))
        assert "Your server is used" in page
        assert "canary-7f3a" not in page
    assert mail_sender.sender_in_use() is not None
    MailSender.objects.update(failing_since="2026-11-21T00:00Z", last_error="It is away.")
    for name in ("mail_list", "mail_sender"):
        assert "Your mail server does not take mails" in text_of(alice.get(url(name)))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"host": "http://x.example/"}, "name alone"),
        ({"host": "x y"}, "name alone"),
        ({"from_address": ""}, "needs an address"),
        ({"from_address": "no address"}, "valid email"),
        ({"port": 0}, "greater than or equal"),
        ({"port": 70000}, "less than or equal"),
        ({"tls": "magic"}, "valid choice"),
        ({"reply_to": "a@b.example\r\nBcc: c@d.example"}, "valid email"),
    ],
)
def test_a_wrong_setting_says_what_is_wrong_and_is_not_kept(
    browse: Browse, northwind: Partner, values: dict[str, object], said: str
) -> None:
    page = text_of(browse(ALICE).post(url("mail_sender"), {**form(587), **values}))
    assert said in page
    assert "canary-7f3a" not in page
    assert "Type it once more" in page, "left empty, a password stored before would stay"
    assert mail_sender.stored_sender() is None


def test_without_a_server_there_is_nothing_to_test(browse: Browse, northwind: Partner) -> None:
    page = text_of(browse(ALICE).post(url("mail_sender_test"), follow=True))
    assert "Write down a mail server first." in page


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_shown_in_a_frame_that_runs_and_loads_nothing(
    browse: Browse, kind: str
) -> None:
    alice = browse(ALICE)
    assert "<iframe" in text_of(alice.get(url("mail_previews") + f"?kind={kind}"))
    answer = alice.get(url("mail_preview") + f"?kind={kind}")
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "Northwind Ops" in text_of(answer)


def test_an_unknown_kind_shows_the_first(browse: Browse) -> None:
    page = text_of(browse(ALICE).get(url("mail_previews") + "?kind=../../etc/passwd"))
    assert "Your access to" in page


@pytest.mark.parametrize(("person", "door"), [(DAVE, "admin"), (GRACE, "portal")])
def test_everybody_chooses_their_own_mails(
    browse: Browse, northwind: Partner, person: Any, door: str
) -> None:
    browser, user = browse(person), User.objects.get(email=person.email)
    assert "Daily exceptions" in text_of(browser.get(url("mail_choices", door=door)))
    browser.post(url("mail_choices", door=door), {})
    assert wanted_mails(user) == []
    browser.post(url("mail_choices", door=door), {"wanted": ["exception_digest"]})
    assert wanted_mails(user) == ["exception_digest"]
    answer = browser.post(url("mail_choices", door=door), {"wanted": ["password_reset"]})
    assert "not one of the available choices" in text_of(answer)
    assert AuditEntry.objects.filter(action="mail.choices_changed").count() == 2
