"""Signatures of webhooks: the specification's scheme and its published example."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncjobs import signatures
from syncjobs.sandbox.pushing import signed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = 1_614_265_330


def headers(
    body: bytes, *, secret: str = SECRET, at: int = NOW, id_: str = "msg_1"
) -> dict[str, str]:
    mark = signatures.sign(secret, message_id=id_, timestamp=at, body=body)
    return {"webhook-id": id_, "webhook-timestamp": str(at), "webhook-signature": mark}


def test_the_example_of_the_reference_libraries_comes_out() -> None:
    made = signatures.sign(
        SECRET,
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=NOW,
        body=b'{"test": 2432232314}',
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(max_size=200), st.integers(0, 300))
def test_what_was_signed_within_five_minutes_is_taken(body: bytes, age: int) -> None:
    for now in (NOW - age, NOW + age):
        assert signatures.verify(headers(body), body, secrets=[SECRET], now=now) == "msg_1"


@pytest.mark.parametrize("now", [NOW + 301, NOW - 301])
def test_stale_messages_and_those_of_the_future_are_refused(now: int) -> None:
    with pytest.raises(signatures.BadSignature, match="five minutes"):
        signatures.verify(headers(b"{}"), b"{}", secrets=[SECRET], now=now)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": str(NOW + 1)},
        {"webhook-timestamp": "١٦١٤٢٦٥٣٣٠"},
        {"webhook-id": "a.b"},
        {"webhook-id": ""},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,\u00e9"},
        {"webhook-signature": "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5Bdqz"},
    ],
)
def test_any_other_header_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(signatures.BadSignature):
        signatures.verify({**headers(b"{}"), **change}, b"{}", secrets=[SECRET], now=NOW)


def test_another_body_another_secret_and_no_secret_are_refused() -> None:
    for body, secrets in ((b"{} ", [SECRET]), (b"{}", [signatures.new_secret()]), (b"{}", [])):
        with pytest.raises(signatures.BadSignature):
            signatures.verify(headers(b"{}"), body, secrets=secrets, now=NOW)


def test_several_signatures_and_several_secrets_bridge_a_rotation() -> None:
    old, new = signatures.new_secret(), signatures.new_secret()
    ours = headers(b"{}", secret=old)
    assert signatures.verify(ours, b"{}", secrets=[new, old], now=NOW) == "msg_1"
    both = ours["webhook-signature"] + " " + headers(b"{}", secret=new)["webhook-signature"]
    assert signatures.verify({**ours, "webhook-signature": both}, b"{}", secrets=[new], now=NOW)


def test_the_sandbox_signs_as_the_specification_says() -> None:
    sent = {name.lower(): value for name, value in signed(SECRET, "msg_1", b"{}", NOW).items()}
    assert signatures.verify(sent, b"{}", secrets=[SECRET], now=NOW) == "msg_1"
