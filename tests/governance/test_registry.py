"""Registries that are closed: actions and governed kinds."""

import pytest

from governance import actions, appliers
from governance.actions import Action, register_action, require_registered
from governance.appliers import Applier, Risk, applier_for, register_applier
from governance.clients import client_names
from governance.errors import AlreadyRegistered, UnknownAction, UnknownKind


@pytest.fixture
def spare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registries of this test alone."""
    monkeypatch.setattr(actions, "_registry", dict(actions._registry))
    monkeypatch.setattr(appliers, "_registry", dict(appliers._registry))


def _applier(kind: str) -> Applier:
    return Applier(
        kind=kind,
        label="Lamp",
        apply=lambda change, actor: {},
        diff=lambda change: [],
        risk=lambda change: Risk(),
        base_version=lambda target_id: "",
    )


def test_an_action_is_registered_once(spare: None) -> None:
    lit = register_action("lamp.lit", "Lit a lamp")
    require_registered(lit)
    assert actions.action_label("lamp.lit") == "Lit a lamp"
    with pytest.raises(AlreadyRegistered, match=r"lamp\.lit"):
        register_action("lamp.lit", "Lit it again")


@pytest.mark.parametrize("key", ["lit", "Lamp.Lit", "lamp.", "lamp lit", f"lamp.{'x' * 90}"])
def test_an_action_key_is_dotted_words(spare: None, key: str) -> None:
    with pytest.raises(ValueError, match="action key"):
        register_action(key, "Lit")


def test_an_action_that_was_made_by_hand_is_refused(spare: None) -> None:
    with pytest.raises(UnknownAction):
        require_registered(Action("change.proposed", "Looks the same"))


def test_a_label_of_code_that_is_gone_is_its_key() -> None:
    assert actions.action_label("gone.long_ago") == "gone.long_ago"
    assert appliers.kind_label("gone") == "gone"


def test_a_kind_has_one_applier(spare: None) -> None:
    lamp = register_applier(_applier("lamp"))
    assert applier_for("lamp") is lamp
    with pytest.raises(AlreadyRegistered, match="lamp"):
        register_applier(_applier("lamp"))


def test_an_unregistered_kind_fails_loudly() -> None:
    with pytest.raises(UnknownKind, match="unheard_of"):
        applier_for("unheard_of")


def test_a_client_that_nobody_can_name_is_shown_by_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("governance.clients._resolvers", [lambda ids: {1: "Alder"}])
    assert client_names([1, 2, None]) == {1: "Alder", 2: "Client 2"}
