"""The queue on either broker: what is sent, and what waits. Redis is played by a fake here."""

from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from pytest_django.fixtures import Settings

from config import env
from tenants import queue
from tenants.services.diagnosis.finding import Level
from tenants.services.diagnosis.run import diagnose

pytestmark = pytest.mark.usefixtures("db")


class FakeRedis:
    """A list of tasks, as the broker keeps them in Redis."""

    def __init__(self) -> None:
        self.tasks: list[bytes] = []
        self.connection = self

    def queue_size(self) -> int:
        """Return how many wait."""
        return len(self.tasks)


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> FakeRedis:
    """The queue on Redis; what is sent lands in the fake."""
    fake = FakeRedis()
    settings.Q_CLUSTER = {"name": "doorbell", "redis": "redis://nowhere"}
    monkeypatch.setattr(queue, "get_broker", lambda: fake)
    monkeypatch.setattr(
        queue, "async_task", lambda task, *given, task_name: fake.tasks.append(task.encode())
    )
    return fake


def test_on_redis_a_task_is_sent_after_the_commit_of_what_it_announces(
    redis: FakeRedis, django_capture_on_commit_callbacks: SimpleNamespace
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]  # a fixture
        with transaction.atomic():
            queue.send("run", "p_one", name="run p_one")
        assert redis.tasks == [], "a worker would come before the rows are there"
    assert redis.tasks == [b"run"]


def test_without_its_redis_nobody_fails_and_the_queue_is_told_of(
    redis: FakeRedis,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: SimpleNamespace,
) -> None:
    assert queue.waiting() == queue.Waiting(0, None)

    def refuse(*_: object, **__: object) -> int:
        raise ConnectionError("Connection refused")

    monkeypatch.setattr(queue, "async_task", refuse)
    monkeypatch.setattr(redis, "queue_size", refuse)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]  # a fixture
        queue.send("run", "p_one", name="run p_one")
    assert queue.waiting() == queue.Waiting(None, None)
    (found,) = [one for one in diagnose() if one.name == "queue"]
    assert found.level is Level.FAIL
    assert "Redis does not answer" in found.seen


def test_redis_by_setting_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.broker_from_environment() == {
        "orm": "default",
        "broker_class": "tenants.broker.InDatabase",
    }
    monkeypatch.setenv("LIVERY_REDIS_URL", "http://redis.example")
    with pytest.raises(ImproperlyConfigured, match="must start with redis://"):
        env.broker_from_environment()
    monkeypatch.setenv("LIVERY_REDIS_URL", "redis://redis.example/0")
    monkeypatch.setattr(env, "find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match="pip install redis"):
        env.broker_from_environment()
    monkeypatch.setattr(env, "find_spec", lambda name: object())
    assert env.broker_from_environment() == {
        "redis": "redis://redis.example/0",
        "broker_class": "tenants.broker_redis.OnRedis",
    }
