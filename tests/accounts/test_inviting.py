"""Inviting somebody: an account without a password, and a mail that lets them set one."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client as Browser
from django.utils import timezone

from governance.actors import Actor
from governance.models import AuditEntry
from tenants.accounts.invitations import link_path
from tenants.accounts.models import Client, User
from tenants.accounts.services.inviting import invite_again, invite_person
from tenants.accounts.services.people import set_active
from tenants.models import Partner
from tenants.outbox.models import OutgoingMail
from tenants.outbox.services.sending import send_due
from tests.actors import ALICE, BOB, GRACE, IVAN, PASSWORD, Person

ActorOf = Callable[[Person], Actor]
Browse = Callable[..., Browser]


def link_in(message: mail.EmailMessage) -> tuple[str, str]:
    """The host and the path that the mail leads to."""
    found = re.search(r"https?://([^/\s:\"]+)(?::\d+)?(/welcome/\S+?/\S+?/)", str(message.body))
    assert found, message.body
    return found[1], found[2]


def test_the_mail_leads_to_the_persons_own_host_and_sets_a_password_once(
    actor: ActorOf, alder: Client, browse: Browse, at_home: Partner
) -> None:
    invited = invite_person(
        actor(ALICE), email="Nina@Alder.example", name="Nina", roles=["client_viewer"], client=alder
    )
    assert invited.sent
    send_due()
    assert "The link works once, for 3 days" in str(mail.outbox[0].body)
    host, path = link_in(mail.outbox[0])
    assert host == "northwind.localhost"
    browser = browse(None, host=host)
    answer = browser.post(path, {"password": PASSWORD, "again": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert browser.get("/").status_code == 200, "whoever sets their first password is in"
    entry = AuditEntry.objects.get(action="account.signed_in")
    assert entry.after == {"with": "invitation"}
    assert User.objects.get(email="nina@alder.example").check_password(PASSWORD)
    assert browser.get(path).status_code == 410


def test_staff_are_led_to_the_staff_host(actor: ActorOf) -> None:
    invite_person(actor(ALICE), email="nina@partner.example", name="Nina", roles=["finance"])
    send_due()
    assert link_in(mail.outbox[0])[0] == "admin.northwind.localhost"


def test_an_account_that_is_not_made_mails_nobody(actor: ActorOf) -> None:
    with pytest.raises(ValidationError):
        invite_person(actor(ALICE), email=BOB.email, name="Bob again", roles=["finance"])
    send_due()
    assert mail.outbox == []


def test_an_invitation_is_sent_again_but_not_at_once(actor: ActorOf) -> None:
    invited = invite_person(
        actor(ALICE), email="nina@partner.example", name="Nina", roles=["finance"]
    )
    assert invited.sent
    assert not invite_again(actor(ALICE), invited.user).sent
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert invite_again(actor(ALICE), invited.user).sent
    entry = AuditEntry.objects.filter(action="account.invited").order_by("pk").last()
    assert entry is not None
    assert entry.after == {"again": True, "sent": True}


def test_whoever_has_a_password_or_a_closed_account_is_not_invited_again(actor: ActorOf) -> None:
    with pytest.raises(ValidationError, match="has a password"):
        invite_again(actor(ALICE), User.objects.get(email=BOB.email))
    invited = invite_person(
        actor(ALICE), email="nina@partner.example", name="Nina", roles=["finance"]
    )
    set_active(actor(ALICE), invited.user, active=False)
    invited.user.refresh_from_db()
    with pytest.raises(ValidationError, match="is closed"):
        invite_again(actor(ALICE), invited.user)
    send_due()
    assert mail.outbox == []


def test_a_client_administrator_invites_for_their_own_client_only(
    actor: ActorOf, alder: Client, birch: Client
) -> None:
    grace = actor(GRACE)
    assert (
        invite_person(
            grace, email="n@alder.example", name="N", roles=["client_viewer"], client=alder
        ).user.client
        == alder
    )
    for client in (birch, None):
        with pytest.raises(PermissionDenied):
            invite_person(
                grace, email="m@alder.example", name="M", roles=["client_viewer"], client=client
            )


@pytest.mark.parametrize("person", [BOB, IVAN])
def test_nobody_else_invites(actor: ActorOf, person: Person) -> None:
    with pytest.raises(PermissionDenied):
        invite_person(actor(person), email="n@x.example", name="N", roles=["owner"])
    assert not OutgoingMail.objects.exists()


def test_a_new_password_by_link_still_asks_to_sign_in(browse: Browse, at_home: Partner) -> None:
    user = User.objects.get(email=GRACE.email)
    browser, new = browse(None, host="northwind.localhost"), "another long passphrase"
    answer = browser.post(link_path(user), {"password": new, "again": new})
    assert answer["Location"] == "/sign-in/"
    assert f'value="{GRACE.email}"' in browser.get("/sign-in/").content.decode()
    assert browser.get("/")["Location"].startswith("/sign-in/")
