"""What signatures a request needs and which of them are there. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Requirement:
    """What the policies ask of a request, the strictest in every respect.

    approvals: signatures by the partner's staff. client_id: the client whose approver must sign
    as well, or None. auto_apply: whether the last signature makes it live. independence_days:
    how long a hand in somebody's account makes two people one. roles: sets of role keys; a
    member of the staff who signs holds one of each. in_window: goes in during release windows
    only. review_within_hours: for an emergency; None when none is allowed. solo: its author may
    let it in alone while nobody else could sign. impact: an impact preview must be there before
    anybody signs.
    """

    approvals: int
    client_id: int | None
    auto_apply: bool
    independence_days: int = 0
    roles: tuple[frozenset[str], ...] = ()
    in_window: bool = False
    review_within_hours: int | None = None
    solo: bool = False
    impact: bool = False

    @property
    def asks_nobody(self) -> bool:
        """Whether no signature is needed, and so nothing that comes before one."""
        return self.approvals == 0 and self.client_id is None and not self.impact


@dataclass(frozen=True)
class Signature:
    """A signature that counts. client_id: set when a client's own user gave it."""

    person_key: str
    client_id: int | None


@dataclass(frozen=True)
class Missing:
    """What is still to come: that many of the staff, and whether the client's."""

    staff: int
    client: bool

    @property
    def nothing(self) -> bool:
        """Whether all signatures are there."""
        return self.staff == 0 and not self.client


def missing_signatures(
    requirement: Requirement, signatures: Sequence[Signature], *, alone: bool = False
) -> Missing:
    """Return what `signatures` leave open. A person counts once; a client's user counts
    for the client only, never as staff. alone: the author stands for the staff."""
    staff = {one.person_key for one in signatures if one.client_id is None}
    clients = {one.client_id for one in signatures if one.client_id is not None}
    wanted = requirement.client_id
    return Missing(
        staff=0 if alone else max(0, requirement.approvals - len(staff)),
        client=wanted is not None and wanted not in clients,
    )
