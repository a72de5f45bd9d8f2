"""Fields that nobody owns: a system may correct itself, two that disagree need a person."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.actors import command_actor
from mappings.models import OwnershipRule
from syncjobs.engine.drain import drain
from syncjobs.models import CanonicalRecord, Issue, Stream
from syncjobs.services.corrections import correct_record
from tests.fakes.systems import FakeSystem, FakeSystems, record
from tests.syncjobs.factories import Lab, make_connection, make_mapping, make_stream


class Two:
    """The lab with a second system that has customers too, and a name that nobody owns."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.other = lab, FakeSystem()
        OwnershipRule.objects.create(object="customer", field="name", owner="nobody")
        rules = [
            {"id": "number", "target": "number", "source": "no", "required": True},
            {"id": "name", "target": "name", "source": "name", "required": True},
        ]
        make_mapping("customer-too", "inbound", "customer", rules)
        self.connection = make_connection(lab.client, "Other source")
        make_stream(self.connection, "customers", "customer", "customer-too")

    def say(self, system: FakeSystem, name: str) -> CanonicalRecord:
        """Let one of the two name customer 1, and read both."""
        system.put("customers", record("1", {"no": "C-1", "name": name}))
        Stream.objects.update(next_poll_at=timezone.now() - timedelta(seconds=1))
        known = {
            self.lab.source_connection.pk: self.lab.source,
            self.lab.target_connection.pk: self.lab.target,
            self.connection.pk: self.other,
        }
        assert drain(systems=FakeSystems(known)).errors == []
        return CanonicalRecord.objects.get(key="C-1")


@pytest.fixture
def two(lab: Lab) -> Two:
    return Two(lab)


def disputes() -> list[Issue]:
    return list(Issue.objects.filter(kind="owners_disagree", state="open"))


def test_a_system_may_correct_what_it_said_itself(two: Two) -> None:
    two.say(two.lab.source, "Acme")
    assert two.say(two.lab.source, "Acme Ltd").data["name"] == "Acme Ltd"
    assert disputes() == []


def test_two_that_disagree_need_a_person_who_sees_both_values(two: Two) -> None:
    two.say(two.lab.source, "Acme")
    assert two.say(two.other, "Acme Ltd").data["name"] == "Acme", "it keeps what it has"
    (issue,) = disputes()
    assert issue.title == "Customer C-1: two systems disagree on name"
    assert issue.detail["message"] == "Here it is “Acme”; Other source says “Acme Ltd”."


def test_it_closes_when_both_say_the_same(two: Two) -> None:
    two.say(two.lab.source, "Acme")
    two.say(two.other, "Acme Ltd")
    assert two.say(two.lab.source, "Acme Ltd").data["name"] == "Acme Ltd"
    two.say(two.other, "Acme Ltd")
    assert disputes() == []


def test_what_a_person_decided_is_overruled_by_no_system(two: Two) -> None:
    two.say(two.lab.source, "Acme")
    known = two.say(two.other, "Acme Ltd")
    correct_record(command_actor("tests"), known, field="name", text="Acme plc", reason="Asked")
    assert disputes() == []
    assert two.say(two.lab.source, "Acme GmbH").data["name"] == "Acme plc"
    assert len(disputes()) == 1
