"""The kinds of mail. Pure data; a kind's templates are `mail/<name>.mjml` and `.txt`.

`secret`: it lets somebody in, so its values are wiped even when it fails, and it goes out only
    by being asked for anew.
`optional`: the person may switch it off.
`asked`: nobody gets it who has not asked for it.
`long`: values that may have line breaks; in all others they become spaces.
`pause`, `per_day`: how soon the next one goes to the same mailbox, in seconds, and how many a
    day; 0 for no limit.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of mail, as the log calls it."""

    name: str
    label: str
    secret: bool = False
    optional: bool = False
    asked: bool = False
    long: frozenset[str] = frozenset()
    pause: int = 0
    per_day: int = 0


_ALL: Final = (
    Kind("invitation", "Invitation", pause=60, per_day=10),
    Kind("password_reset", "New password", secret=True, pause=60, per_day=10),
    Kind("new_device", "Sign-in from a new device", pause=60, per_day=20),
    Kind("approval_asked", "Approval asked", per_day=200),
    Kind("change_comment", "Comment on a change", per_day=200),
    Kind("exception_digest", "Daily exceptions", optional=True),
    Kind("escalation", "Escalated exceptions", optional=True),
    Kind("statement_ready", "Statement ready"),
    Kind("report_ready", "Report ready", per_day=200),
    Kind("security", "Change of your account", per_day=50),
    Kind("incident", "Stopped systems and workflows", asked=True),
    Kind("audit_anchor", "End of the audit trail", per_day=50),
    Kind("domain_news", "Domain", per_day=50),
    Kind("endpoint_stopped", "Stopped webhooks", per_day=50),
    Kind("test", "Test", pause=5, per_day=100),
)
KINDS: Final = {kind.name: kind for kind in _ALL}
OPTIONAL: Final = tuple(kind for kind in _ALL if kind.optional or kind.asked)


def kind_label(name: str) -> str:
    """Return what people call a kind; old mails may outlive the code of theirs."""
    return KINDS[name].label if name in KINDS else name
