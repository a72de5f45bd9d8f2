"""Whether two people can be two: not when one has just made the other's account. Pure.

Higher apps know who invites people and gives roles; they register how to find it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Hands:
    """Who had a hand in whose account, by person key (see `services.requests.person_key`).

    on: a person → those who let them in or gave them a role. names: for people to read.
    """

    on: Mapping[str, frozenset[str]]
    names: Mapping[str, str]


NO_HANDS = Hands({}, {})
Finder = Callable[[datetime], Hands]
_finders: list[Finder] = []


def register_hands(finder: Finder) -> None:
    """Say how to find the hands laid on accounts since a moment; the latest answers."""
    _finders.append(finder)


def hands_since(moment: datetime) -> Hands:
    """Return whoever had a hand in an account since then."""
    return _finders[-1](moment) if _finders else NO_HANDS


def circle(person: str, hands: Hands) -> frozenset[str]:
    """Return a person and everybody who had a hand in their account, or in such a one's."""
    found, waiting = {person}, [person]
    while waiting:
        for other in hands.on.get(waiting.pop(), frozenset()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return frozenset(found)


def why_dependent(signer: str, writer: str, hands: Hands, *, founding: bool) -> str:
    """Say why a signer is not independent of a writer, "" when they are.

    founding: the partner is so new that one person has let everybody in; then only a hand
    of the one in the other's account counts, not a third person's in both.
    """
    names = {key: hands.names.get(key, key) for key in (signer, writer)}
    of_signer, of_writer = circle(signer, hands), circle(writer, hands)
    if writer in of_signer:
        return f"{names[writer]}, who wrote this change, let you in or gave you a role"
    if signer in of_writer:
        return f"You let in {names[writer]}, who wrote this change, or gave them a role"
    shared = sorted(of_signer & of_writer)
    if shared and not founding:
        third = hands.names.get(shared[0], shared[0])
        return f"{third} let in both you and {names[writer]}, who wrote this change"
    return ""
