"""A DNS of the test's own: names that it wrote down, and nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tenants.domains.dns import DnsSilent, Leads


@dataclass
class FakeDns:
    """Answers from two tables. `silent`: no server answers. `during`: runs while it is asked."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    ways: dict[str, Leads] = field(default_factory=dict)
    silent: bool = False
    asked: list[str] = field(default_factory=list)
    during: Callable[[], None] | None = None

    def text(self, name: str) -> Sequence[str]:
        self._ask(name)
        return self.texts.get(name, [])

    def leads(self, name: str) -> Leads:
        self._ask(name)
        return self.ways.get(name, Leads())

    def _ask(self, name: str) -> None:
        self.asked.append(name)
        if self.during is not None:
            act, self.during = self.during, None
            act()
        if self.silent:
            raise DnsSilent("nobody answered")

    def prove(self, record: str, *values: str) -> None:
        """Put TXT values at a name."""
        self.texts[record] = list(values)

    def point(self, name: str, *addresses: str, via: Sequence[str] = ()) -> None:
        """Let a name lead somewhere."""
        self.ways[name] = Leads(tuple(via), addresses)
