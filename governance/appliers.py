"""What is governed: each kind's way to be shown, judged and made live.

Higher apps register theirs in `AppConfig.ready()`. A kind that nobody registered cannot be
proposed, shown or applied.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from governance.errors import AlreadyRegistered, UnknownKind

if TYPE_CHECKING:
    from governance.actors import Actor
    from governance.models import Change


@dataclass(frozen=True)
class DiffLine:
    """One line of a difference as people read it: added, removed or unchanged."""

    sign: Literal["+", "-", " "]
    text: str


@dataclass(frozen=True)
class Risk:
    """What makes a change more than routine. Notes are whole sentences.

    weakens: it takes something away from a control (a policy, a freeze, a role's limits).
    approvals, roles: what this very change needs at least, whatever the policies say.
    """

    touches_money: bool = False
    notes: tuple[str, ...] = ()
    weakens: bool = False
    approvals: int = 0
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Applier:
    """How one kind of governed object changes.

    apply: makes it live inside the caller's transaction and returns what became. It
        raises to refuse; then nothing of the whole request goes in.
    diff: the change against what is live now.
    risk: judged when the change is proposed, edited, or its base moves.
    base_version: the live version of a target id, as text ("" where there is none yet).
    snapshot: what a target id holds now, recorded as "what was" (optional).
    revert: the content that brings back what an applied change replaced; None where nothing
        can (optional: without it a change of this kind cannot be rolled back).
    reaches: which clients a change of the partner's own reaches: a freeze of theirs holds it.
        Without it, all of them.
    may_go_unsigned: whether a rule may ask for no signature at all; everything else needs one
        at least, whatever its rule says.
    of_partner: whether it is always the partner's own, so that no client could sign it.
    permission: what changing it takes besides proposing, asked of who lets it in without a
        signature, declares it an emergency or asks for what was before; "" for nothing.
    seen_with: permissions of which one is needed to see its requests; none for everybody who
        sees changes.
    adopt: told that a change of this kind has come into a request by other ways than its own
        app's proposal: a roll-back, or two requests made one (optional).
    """

    kind: str
    label: str
    apply: "Callable[[Change, Actor], Mapping[str, object]]"
    diff: "Callable[[Change], list[DiffLine]]"
    risk: "Callable[[Change], Risk]"
    base_version: Callable[[str], str]
    snapshot: Callable[[str], Mapping[str, object]] | None = None
    revert: "Callable[[Change], Mapping[str, object] | None] | None" = None
    adopt: "Callable[[Change], None] | None" = None
    reaches: "Callable[[Change], Collection[int]] | None" = None
    may_go_unsigned: bool = False
    of_partner: bool = False
    permission: str = ""
    seen_with: frozenset[str] = frozenset()


_registry: dict[str, Applier] = {}


def register_applier(applier: Applier) -> Applier:
    """Make a kind governed. Raises AlreadyRegistered for a kind that is taken."""
    if applier.kind in _registry:
        raise AlreadyRegistered(f"The governed kind {applier.kind!r} is registered twice.")
    _registry[applier.kind] = applier
    return applier


def applier_for(kind: str) -> Applier:
    """Return the applier of a kind. Raises UnknownKind."""
    try:
        return _registry[kind]
    except KeyError:
        raise UnknownKind(f"{kind!r} is not a kind of change that is known here.") from None


def may_change(actor: "Actor", changes: "Iterable[Change]", client_id: int | None) -> bool:
    """Say whether an actor may change each of these kinds by themselves."""
    return all(actor.can(one, client_id) for one in _permissions(changes))


def require_change(actor: "Actor", changes: "Iterable[Change]", client_id: int | None) -> None:
    """Raise NotPermitted, naming what is missing, where they may not."""
    for one in _permissions(changes):
        actor.require(one, client_id)


def _permissions(changes: "Iterable[Change]") -> list[str]:
    return sorted({applier_for(one.kind).permission for one in changes} - {""})


def hidden_from(actor: "Actor") -> list[str]:
    """Return the kinds whose requests do not exist for an actor."""
    return [
        one.kind
        for one in _registry.values()
        if one.seen_with and not any(map(actor.can, one.seen_with))
    ]


def reaches_nobody(change: "Change") -> Collection[int]:
    """Return no client: for what decides on how things look or who may change them, and alters
    nothing that is booked."""
    return ()


def least_approvals(kind: str) -> int:
    """Return how few approvals a rule for this kind may ask for; one for unknown kinds."""
    applier = _registry.get(kind)
    return 0 if applier is not None and applier.may_go_unsigned else 1


def is_of_partner(kind: str) -> bool:
    """Say whether changes of a kind never concern one client; unknown kinds may."""
    applier = _registry.get(kind)
    return applier is not None and applier.of_partner


def governed_kinds() -> dict[str, str]:
    """Return every governed kind with how people read it, by label."""
    return {one.kind: one.label for one in sorted(_registry.values(), key=lambda one: one.label)}


def kind_label(kind: str) -> str:
    """Return how people read a kind; old requests may outlive the code of theirs."""
    applier = _registry.get(kind)
    return applier.label if applier else kind
