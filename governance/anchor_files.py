"""Anchors in a file that somebody kept: lines as in the folder, or a mail as it was saved."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Final

_HEADER: Final = re.compile(rb"\A(From [^\n]*\n)?[A-Za-z][A-Za-z-]*: ")


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of anchors by its name. unread: why it could not be read, "" when it was."""

    name: str
    content: bytes = b""
    unread: str = ""


def kept_at(path: Path) -> Kept:
    """Return a file of this machine."""
    try:
        return Kept(path.name, path.read_bytes())
    except OSError as error:
        return Kept(path.name, unread=f"It cannot be read: {error.strerror}.")


def anchors_in(content: bytes) -> list[str]:
    """Return the lines that are anchors by their look, or were once.

    `verify_audit.py`, which imports nothing of ours, has the same under the same name.
    """
    if _HEADER.match(content):
        mail = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
        body = mail.get_body(("plain",))
        content = body.get_content().encode() if body is not None else b""
    lines = content.decode(errors="replace").splitlines()
    return [line.strip() for line in lines if line.strip().startswith("{")]
