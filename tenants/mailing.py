"""The way down to branded mail: the layer above registers its sender here at start-up."""

from collections.abc import Callable, Mapping

from django.conf import settings
from django.core.mail import EmailMessage

from tenants.context import current_schema

# (address, template name, values for the template)
Sender = Callable[[str, str, Mapping[str, object]], None]
_senders: list[Sender] = []


def register_sender(sender: Sender) -> None:
    """Let `sender` send every mail of a partner's schema. One only."""
    if _senders and _senders[0] is not sender:
        raise RuntimeError("A mail sender is registered already.")
    _senders[:] = [sender]


def _send_plain(to: str, template: str, values: Mapping[str, object]) -> None:
    """An operator's mail: plain text, no brand."""
    lines = [f"{name}: {value}" for name, value in values.items()]
    subject = template.replace("_", " ").capitalize()
    EmailMessage(subject, "\n".join(lines), settings.DEFAULT_FROM_EMAIL, [to]).send()


def send(to: str, template: str, values: Mapping[str, object]) -> None:
    """Send one mail: under the partner's brand in its schema, plain in the public one."""
    if current_schema() == "public" or not _senders:
        _send_plain(to, template, values)
    else:
        _senders[0](to, template, values)
