"""What a failed hand-over means. Policy reads the kind, never the words of a server."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from typing import Literal

from branding.mail.smtp import SettingRefused
from tenants.egress import AddressRefused, NameNotFound
from tenants.outbox.plain import one_line
from tenants.sealing import SealError

# wait: try again. setting: this server will not take any mail of ours until somebody changes
# something. mailbox: this mailbox does not exist or refuses us. content: this mail is refused.
Kind = Literal["wait", "setting", "mailbox", "content"]
_SAID = 160


@dataclass(frozen=True, slots=True)
class Fault:
    """`text` is for an owner; `said` is what the server answered, where it is the owner's."""

    kind: Kind
    text: str
    said: str = ""

    @property
    def in_full(self) -> str:
        """Both."""
        return f"{self.text} It said: {self.said}" if self.said else self.text


def fault_of(error: Exception) -> Fault:
    """Return what an error of a hand-over means."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()), (450, b""))
        return _by_code(code, said, "mailbox", "The mailbox was refused")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return _answered(error, "setting", "User name or password were refused")
    if isinstance(error, smtplib.SMTPSenderRefused):
        return _answered(error, "setting", "The sender's address was refused")
    if isinstance(error, smtplib.SMTPDataError):
        return _answered(error, "content", "The mail was refused")
    if isinstance(error, smtplib.SMTPResponseException):
        return _answered(error, "setting", "The server refused to talk")
    return _unanswered(error)


def _unanswered(error: Exception) -> Fault:
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Fault("setting", "The server does not offer the encryption or sign-in asked for.")
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return Fault("wait", "The server did not answer in time.")
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return Fault("wait", "The server ended the connection.")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Fault("setting", "The server's certificate is not valid for its name.")
    if isinstance(error, ssl.SSLError):
        return Fault("setting", "No encrypted connection could be made with the server.")
    if isinstance(error, AddressRefused):
        return Fault("setting", "The server's address is in a network that may not be reached.")
    if isinstance(error, NameNotFound):
        return Fault("wait", "The server's name has no address.")
    if isinstance(error, SettingRefused | SealError):
        return Fault("setting", str(error))
    if isinstance(error, UnicodeError | ValueError):
        return Fault("mailbox", "The mailbox has characters that the server does not take.")
    return Fault("wait", "The server could not be reached.")


def _answered(error: smtplib.SMTPResponseException, kind: Kind, text: str) -> Fault:
    return _by_code(error.smtp_code, error.smtp_error, kind, text)


def _by_code(code: int, said: bytes | str, kind: Kind, text: str) -> Fault:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    final = 500 <= code < 600
    return Fault(kind if final else "wait", f"{text} ({code}).", one_line(words, _SAID))
