"""Signs of life of a queue cluster's parts."""

from pathlib import Path

import pytest
from django_q.brokers.orm import ORM

from tenants import pulse
from tenants.broker import InDatabase


@pytest.mark.usefixtures("db")
def test_what_the_cluster_does_again_and_again_is_its_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "worker.stop"
    for file in pulse.files(base).values():
        file.touch()
    monkeypatch.setenv(pulse.VARIABLE, str(base))
    monkeypatch.setattr(ORM, "dequeue", lambda broker: [])
    broker = InDatabase("doorbell")
    before = pulse.marks(base)
    broker.dequeue()
    between = pulse.marks(base)
    assert between[pulse.PUSHER] != before[pulse.PUSHER]
    assert between[pulse.GUARD] == before[pulse.GUARD]
    broker.set_stat("key", "value", 3)
    assert pulse.marks(base)[pulse.GUARD] != before[pulse.GUARD]


def test_without_the_files_nothing_fails_and_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(pulse.VARIABLE, str(tmp_path / "gone" / "worker.stop"))
    pulse.beat(pulse.GUARD)
    assert pulse.marks(tmp_path / "gone" / "worker.stop") == {}
