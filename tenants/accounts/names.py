"""Names of people, clients and tokens, as they may stand in lists, mails and the audit trail."""

import unicodedata

from django.core.exceptions import ValidationError

# Control characters, and those that turn the direction of what follows: a name that has
# them can pass for another one, or break the line that it is written in.
_BARRED = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def plain_name(text: str, field: str = "name") -> str:
    """Return a name without outer spaces. Raises ValidationError at `field` for hidden signs."""
    name = text.strip()
    if any(one in _TURNING or unicodedata.category(one) in _BARRED for one in name):
        raise ValidationError({field: "Write it on one line, without hidden characters."})
    return name
