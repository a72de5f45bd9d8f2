"""What a partner's own domain may be called: one spelling, or a refusal in plain words. Pure."""

import ipaddress
import re
import unicodedata
from typing import Final

import dns.exception
import dns.name

LONGEST: Final = 253
_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_EXAMPLE: Final = "as in portal.example.com"
# Names that never lead to a partner's own machine.
_PRIVATE_ENDINGS: Final = frozenset(
    {"arpa", "corp", "home", "internal", "invalid", "lan", "local", "localhost", "onion"}
)
# Endings of two labels under which everybody registers. The common ones: a name of this kind
# could not be proved anyway, and the refusal only says so earlier.
_SHARED_ENDINGS: Final = {
    "ar": {"com"},
    "at": {"co", "or"},
    "au": {"com", "net", "org"},
    "br": {"com", "net"},
    "cn": {"com", "net", "org"},
    "es": {"com"},
    "fr": {"asso"},
    "hk": {"com"},
    "il": {"co"},
    "in": {"co", "net", "org"},
    "jp": {"co", "ne", "or"},
    "kr": {"co"},
    "mx": {"com"},
    "my": {"com"},
    "nz": {"co", "org"},
    "pl": {"com"},
    "pt": {"com"},
    "sg": {"com"},
    "tr": {"com"},
    "tw": {"com"},
    "ua": {"com"},
    "uk": {"co", "org", "me", "ltd", "ac", "gov"},
    "za": {"co"},
}
_ALPHABETS: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})
_LIKE_LATIN: Final = frozenset("асԁеһіјӏорԛѕԝхуъьѵαοικνρτυ")


class NameRefused(ValueError):
    """The name cannot be used; the message says why and is fit to show."""


def clean_name(text: str) -> str:
    """Return a name in its one spelling: lower case, IDNA, no trailing dot. Raises NameRefused."""
    name = text.strip(" \t").lower()
    _refuse_what_is_no_name(name)
    name = name.removesuffix(".")
    if not name.isascii():
        name = ".".join(_encoded(label) for label in name.split("."))
    labels = name.split(".")
    if len(name) > LONGEST:
        raise NameRefused(f"This name is longer than {LONGEST} characters.")
    for label in labels:
        _check_label(label)
    _check_ending(name, labels)
    return name


def _refuse_what_is_no_name(name: str) -> None:
    if not name:
        raise NameRefused(f"Fill in the name, {_EXAMPLE}.")
    if any(unicodedata.category(one) in {"Cc", "Cf", "Zl", "Zp", "Zs"} for one in name):
        raise NameRefused(
            "This name contains a space, a line break or another character that cannot be seen. "
            "Type it again."
        )
    if len(name) > LONGEST + 1:
        raise NameRefused(f"This name is longer than {LONGEST} characters.")
    if "://" in name:
        raise NameRefused(f"This is an address. Give the name alone, without https://, {_EXAMPLE}.")
    if _is_address(name):
        raise NameRefused(f"This is an IP address. Give a name, {_EXAMPLE}.")
    if "*" in name:
        raise NameRefused("Wildcards are not possible. Add each name by itself.")
    if any(mark in name for mark in "/?#\\"):
        raise NameRefused(f"Give the name alone, without a path, {_EXAMPLE}.")
    if "@" in name:
        raise NameRefused(f"This is a mail address. Give a name, {_EXAMPLE}.")
    if ":" in name:
        raise NameRefused(f"Give the name alone, without a port, {_EXAMPLE}.")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[].").partition("%")[0])
    except ValueError:
        return False
    return True


def _encoded(label: str) -> str:
    """Return a label outside ASCII as it stands in DNS."""
    if unicodedata.normalize("NFKC", label) != label:
        raise NameRefused(
            "This name contains characters that only look like plain letters or dots. "
            "Type it again on the keyboard."
        )
    _refuse_look_alikes(label)
    try:
        return dns.name.IDNA_2008_Strict.encode(label).decode("ascii")
    except (dns.exception.DNSException, UnicodeError) as error:
        raise NameRefused(f"“{label}” contains a character that domains do not allow.") from error


def _refuse_look_alikes(label: str) -> None:
    """Refuse what would be read as another name: alphabets mixed, or letters that look Latin."""
    letters = [one for one in label if unicodedata.category(one).startswith("L")]
    alphabets = {unicodedata.name(one, "").split(" ")[0] for one in letters} & _ALPHABETS
    if len(alphabets) > 1:
        raise NameRefused(
            f"“{label}” mixes letters of several alphabets, so it could be taken for another name."
        )
    if letters and set(letters) <= _LIKE_LATIN:
        raise NameRefused(
            f"“{label}” consists of letters that look Latin and are not, so it could be taken "
            "for another name."
        )


def _check_label(label: str) -> None:
    if not _LABEL.fullmatch(label):
        raise NameRefused(
            f"“{label}” is no part of a domain: use letters, digits and hyphens between dots, "
            f"{_EXAMPLE}."
        )
    if not label.startswith("xn--"):
        return
    try:
        plain = dns.name.IDNA_2008_Strict.decode(label.encode("ascii"))
    except (dns.exception.DNSException, UnicodeError) as error:
        raise NameRefused(f"“{label}” is no valid international name.") from error
    _refuse_look_alikes(plain)


def _check_ending(name: str, labels: list[str]) -> None:
    if labels[-1] in _PRIVATE_ENDINGS:
        raise NameRefused(f"Names that end in “{labels[-1]}” lead nowhere outside. Use another.")
    if len(labels) == 1:
        raise NameRefused(f"“{name}” is a single word. Give a whole name, {_EXAMPLE}.")
    if not any(one.isalpha() for one in labels[-1]):
        raise NameRefused(f"“{name}” is no name: its ending is a number.")
    if len(labels) == 2 and labels[0] in _SHARED_ENDINGS.get(labels[1], set()):
        raise NameRefused(f"“{name}” is shared by everybody. Give a name of your own under it.")


def is_under(name: str, zone: str) -> bool:
    """Say whether `name` is `zone` or lies below it."""
    return name == zone or name.endswith(f".{zone}")
