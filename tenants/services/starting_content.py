"""What a new partner begins with. Higher apps register theirs in `AppConfig.ready()`."""

from collections.abc import Callable
from typing import Final

from governance.actors import Actor
from governance.services.policies import ensure_default_policies
from tenants.models import Partner

# Called inside the new partner's schema and in provisioning's transaction: an exception
# takes the whole partner back.
Content = Callable[[Actor, Partner], None]


def _first_policies(actor: Actor, partner: Partner) -> None:
    """Change control is on from the first minute (governance, below us, can't register)."""
    ensure_default_policies()


_contents: Final[list[Content]] = [_first_policies]


def register(content: Content) -> Content:
    """Add a function to run for each new partner; the same one only once."""
    if content not in _contents:
        _contents.append(content)
    return content


def fill(actor: Actor, partner: Partner) -> None:
    """Run all registered functions, in the order in which the apps are installed."""
    for content in _contents:
        content(actor, partner)
