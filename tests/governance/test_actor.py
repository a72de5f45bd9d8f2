"""Actors and the scope that they act in."""

import threading

import pytest

from governance import correlation
from governance.actors import ANONYMOUS, SYSTEM, Actor, command_actor, task_actor
from governance.errors import NotPermitted

STAFF = Actor("person", 1, "Alice", permissions=frozenset({"changes.view"}))
CLIENT = Actor("person", 2, "Heidi", client_id=7, permissions=frozenset({"changes.view"}))


def test_staff_hold_a_permission_for_every_client() -> None:
    assert STAFF.can("changes.view")
    assert STAFF.can("changes.view", 7)
    assert STAFF.can("changes.view", None)


def test_a_clients_person_reaches_their_own_client_and_nothing_else() -> None:
    assert CLIENT.can("changes.view", 7)
    assert not CLIENT.can("changes.view", 8)
    assert not CLIENT.can("changes.view", None)


def test_a_missing_permission_is_refused_with_its_name() -> None:
    with pytest.raises(NotPermitted, match=r"changes\.approve is needed"):
        STAFF.require("changes.approve", 7)


@pytest.mark.parametrize("actor", [SYSTEM, task_actor("sweep"), command_actor("demo")])
def test_the_products_own_machinery_may_do_everything(actor: Actor) -> None:
    actor.require("changes.apply", 3)


def test_nobody_signed_in_may_do_nothing() -> None:
    assert not ANONYMOUS.can("changes.view")


def test_a_token_answers_for_the_person_who_made_it() -> None:
    assert Actor("token", 5, "CI", person_id=1).user_id == 1
    assert Actor("token", 5, "CI").user_id is None
    assert STAFF.user_id == 1


def _fail_inside(correlation_id: str) -> None:
    with correlation.scope(actor=SYSTEM, door="task", correlation_id=correlation_id):
        assert correlation.current().correlation_id == correlation_id
        raise ZeroDivisionError


def test_scopes_nest_and_the_one_before_comes_back_after_an_exception() -> None:
    with correlation.scope(actor=STAFF, door="admin", address="10.0.0.1") as outer:
        with pytest.raises(ZeroDivisionError):
            _fail_inside("abc")
        assert correlation.current() == outer
    assert correlation.current().door == "code"


def test_outside_any_scope_the_system_acts_under_an_id_of_its_own() -> None:
    first, second = correlation.current(), correlation.current()
    assert first.actor == SYSTEM
    assert first.correlation_id != second.correlation_id


def test_a_scope_is_invisible_to_another_thread() -> None:
    seen: list[str] = []
    with correlation.scope(actor=STAFF, door="admin"):
        thread = threading.Thread(target=lambda: seen.append(correlation.current().door))
        thread.start()
        thread.join()
    assert seen == ["code"]


def test_a_read_token_replaces_the_actor_until_the_scope_ends() -> None:
    with correlation.scope(actor=ANONYMOUS, door="api") as entered:
        correlation.replace_actor(STAFF)
        assert correlation.current().actor == STAFF
        assert correlation.current().correlation_id == entered.correlation_id
    with pytest.raises(RuntimeError, match="No scope"):
        correlation.replace_actor(STAFF)


def test_an_unknown_door_is_refused() -> None:
    with (
        pytest.raises(ValueError, match="no door"),
        correlation.scope(actor=SYSTEM, door="backdoor"),
    ):
        pass


def test_an_overlong_correlation_id_from_outside_is_cut() -> None:
    with correlation.scope(actor=SYSTEM, door="api", correlation_id="x" * 500) as entered:
        assert entered.correlation_id == "x" * 64
