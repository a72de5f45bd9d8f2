"""Who could sign: of the staff, in which roles, and whether anybody of a client. Governance knows
no accounts: the app that owns them registers how to find out, in `AppConfig.ready()`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Signers:
    """keys: the person keys of all staff who hold "changes.approve", closed accounts too.
    let_go: whether somebody lost it, or their account, since the moment that was asked for."""

    keys: frozenset[str] = frozenset()
    let_go: bool = False


@dataclass(frozen=True)
class Staff:
    """signers_since: who could sign. roles_of: a user's role keys. role_names: key → name.
    client_signs: whether anybody of a client may sign now."""

    signers_since: Callable[[datetime], Signers]
    roles_of: Callable[[int], frozenset[str]]
    role_names: Callable[[], Mapping[str, str]]
    client_signs: Callable[[int], bool]


_staff: list[Staff] = []


def register_staff(staff: Staff) -> None:
    """Say how to find out; the latest registration answers."""
    _staff.append(staff)


def signers_since(moment: datetime) -> Signers:
    """Return who could sign since a moment; with nobody to ask, nobody is alone."""
    return _staff[-1].signers_since(moment) if _staff else Signers(let_go=True)


def roles_of(user_id: int) -> frozenset[str]:
    """Return the keys of the roles that a user holds."""
    return _staff[-1].roles_of(user_id) if _staff else frozenset()


def role_names() -> dict[str, str]:
    """Return the roles of staff that a policy can name, by key."""
    return dict(_staff[-1].role_names()) if _staff else {}


def client_signs(client_id: int) -> bool:
    """Say whether anybody of a client may sign; with nobody to ask, somebody may."""
    return _staff[-1].client_signs(client_id) if _staff else True
