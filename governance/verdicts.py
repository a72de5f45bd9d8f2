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
class Report:
    """What was checked. findings: in the order of the trail, so that the first is the first bad
    entry. notes: what is no proof of tampering, but worth knowing."""

    trail: str
    entries: int = 0
    seals: int = 0
    pending: int = 0
    anchored: int = 0
    sealed_until: float | None = None
    anchored_until: float | None = None
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether everything is as it was sealed."""
        return not self.findings

    def add(
        self, kind: str, text: str, *, seal: int | None = None, entry: int | None = None
    ) -> None:
        """Add a finding."""
        self.findings.append(Finding(kind, text, seal, entry))
