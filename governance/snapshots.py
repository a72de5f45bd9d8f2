"""PostgreSQL's snapshots as text, "xmin:xmax:open,open": which transactions one could see. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Transactions below `upto` that are not `open` were over; all others were not."""

    upto: int
    open: frozenset[int]

    @classmethod
    def read(cls, text: str) -> "Snapshot":
        """Read PostgreSQL's text. Raises ValueError."""
        _, upto, waiting = text.split(":")
        return cls(int(upto), frozenset(int(one) for one in waiting.split(",") if one))

    def __str__(self) -> str:
        waiting = sorted(self.open)
        lowest = waiting[0] if waiting else self.upto
        return f"{lowest}:{self.upto}:{','.join(map(str, waiting))}"

    @property
    def floor(self) -> int:
        """Everything below was over."""
        return min(self.open, default=self.upto)

    def sees(self, xid: int) -> bool:
        """Say whether that transaction was over."""
        return xid < self.upto and xid not in self.open

    def caught_up(self, now: "Snapshot", last: int) -> "Snapshot":
        """Return this view after all that `now` can see up to transaction `last` was dealt with.

        Beyond `last` it stays as it is: numbers are no order of commits, so this view may
        already see transactions with greater ones.
        """
        still = {one for one in now.open if one <= last}
        later = {one for one in self.open if one > last}
        return Snapshot(max(self.upto, last + 1), frozenset(still | later))

    def without(self, xid: int | None) -> "Snapshot":
        """Return the same view in which `xid` is not over yet."""
        if xid is None or xid >= self.upto:
            return self
        return Snapshot(self.upto, self.open | {xid})


NOTHING = Snapshot(1, frozenset())
