"""What a check of the trail found, in words. Pure data."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was sealed. entry: its id where one can be named."""

    kind: str
    text: str
    seal: int | None = None
    entry: int | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True)
class PlaceCheck:
    """What came of comparing the chain with one place outside the database.

    compared, wrong: how many anchors of it, and how many of them say something else. unread: why
    it could not be compared, which is no pass; "" when it was. by_hand: who has to compare it.
    """

    label: str
    compared: int = 0
    wrong: int = 0
    unread: str = ""
    by_hand: str = ""

    def __str__(self) -> str:
        if self.unread:
            return f"{self.label}: NOT COMPARED. {self.unread}"
        if self.by_hand:
            return f"{self.label}: {self.by_hand}"
        counted = f"{self.compared:,} anchor{'' if self.compared == 1 else 's'} compared"
        if not self.wrong:
            return f"{self.label}: {counted}{', all agree' if self.compared else ''}."
        return f"{self.label}: {counted}, {self.wrong:,} DISAGREE{'S' if self.wrong == 1 else ''}."


@dataclass(slots=True)
class Report:
    """What was checked. findings: in the order of the trail, so that the first is the first bad
    entry. notes: what is no proof of tampering, but worth knowing. places: each one where the
    trail's end is written down."""

    trail: str
    entries: int = 0
    seals: int = 0
    pending: int = 0
    anchored: int = 0
    sealed_until: float | None = None
    anchored_until: float | None = None
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    places: list[PlaceCheck] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether everything that was compared is as it was sealed."""
        return not self.findings

    @property
    def is_whole(self) -> bool:
        """Whether every place that had to be compared was."""
        return not any(one.unread for one in self.places)

    def add(
        self, kind: str, text: str, *, seal: int | None = None, entry: int | None = None
    ) -> None:
        """Add a finding."""
        self.findings.append(Finding(kind, text, seal, entry))
