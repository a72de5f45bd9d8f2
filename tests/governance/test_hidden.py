"""Signs that nobody sees are refused where people read what somebody wrote."""

import pytest

from governance.actors import Actor
from governance.errors import InvalidProposal
from governance.hidden import holds_hidden
from governance.services.comments import comment
from tenants.accounts.models import Client
from tests.governance.governed import propose

pytestmark = pytest.mark.usefixtures("governed")


def test_lines_are_hidden_signs_in_a_name_and_none_in_a_comment() -> None:
    assert holds_hidden("One\r\n\ttwo")
    assert not holds_hidden("One\r\n\ttwo", lines=True)
    assert holds_hidden("a\u202eb", lines=True)
    assert holds_hidden("a\x07b", lines=True)
    assert not holds_hidden("Müller – 5 €, 東京")


def test_a_comment_on_a_change_holds_none(bob: Actor, alder: Client) -> None:
    request = propose(bob, alder)
    with pytest.raises(InvalidProposal, match="without hidden characters"):
        comment(bob, request.pk, text="a\u202eb")
    comment(bob, request.pk, text="One\r\n\tand two")
