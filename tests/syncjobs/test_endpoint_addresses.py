"""Where outgoing webhooks may lead: what is refused when it is saved, and what is never called."""

import pytest
from django.conf import LazySettings
from django.core.exceptions import ValidationError

from governance.actors import Actor
from governance.models import AuditEntry
from syncjobs.models import Message
from syncjobs.services import endpoints
from syncjobs.telling.sending import send_messages
from tests.syncjobs.listening import add, alice, grace, lead, told

__all__ = ["alice", "grace"]


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:127.0.0.1]/",
        "https://127.0.0.1:1/",
        "https://10.0.0.1/",
        "http://192.0.2.1/",
    ],
)
def test_an_address_inside_is_never_called(url: str, alice: Actor, settings: LazySettings) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = []
    lead(add(alice, "https://hook.example/")[0], url)
    told()
    send_messages()
    attempt = Message.objects.get().attempts[0]
    assert attempt["status"] == 0
    assert attempt["error"]


@pytest.mark.parametrize(
    "url", ["ftp://hook.example/", "https://user:pw@hook.example/", "https://h.example/#x", "no"]
)
def test_what_is_no_address_is_refused_at_once(url: str, alice: Actor) -> None:
    with pytest.raises(ValidationError):
        add(alice, url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://93.184.215.14/",
        "http://127.0.0.1:8791/",
        "https://169.254.169.254/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.5]/",
        "https://10.0.0.5/",
        "https://0.0.0.0/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://2130706433/",
    ],
)
def test_what_can_never_be_called_is_refused_at_once(
    url: str, alice: Actor, settings: LazySettings
) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = []
    endpoint, _ = add(alice, "https://93.184.215.14/hook")
    for save in (
        lambda: add(alice, url),
        lambda: endpoints.change_endpoint(alice, endpoint, url=url),
    ):
        with pytest.raises(ValidationError) as caught:
            save()
        assert caught.value.message_dict.keys() == {"url"}


def test_a_network_that_an_operator_opened_may_hold_our_endpoints(
    alice: Actor, grace: Actor, settings: LazySettings
) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = ["10.0.0.0/8"]
    for url in ("http://10.0.0.5/", "https://10.0.0.5/", "http://inside.example/"):
        add(alice, url)
        with pytest.raises(ValidationError):
            add(grace, url, "run.failed")
    with pytest.raises(ValidationError, match="may not be called"):
        add(alice, "https://192.168.0.1/")


def test_another_receiver_at_the_same_host_is_in_the_trail_and_its_address_is_not(
    alice: Actor,
) -> None:
    endpoint, _ = add(alice, "https://hooks.example.com/T1/AAA")
    endpoints.change_endpoint(alice, endpoint, url="https://hooks.example.com/OTHER/BBB")
    added, changed = AuditEntry.objects.filter(object_kind="endpoint").order_by("id")
    assert changed.action == "endpoint.changed"
    assert changed.before == added.after
    changed_names = {name for name, value in changed.after.items() if value != added.after[name]}
    assert changed_names == {"address_sha256"}
    assert "BBB" not in str(changed.after)
    endpoints.change_endpoint(alice, endpoint, url="https://hooks.example.com/OTHER/BBB")
    assert AuditEntry.objects.filter(object_kind="endpoint").count() == 2
