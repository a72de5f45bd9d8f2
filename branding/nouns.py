"""What a partner calls a client, a workflow and an exception. Pure.

A phrase is one of our words as the page would write it: `clients`, `Clients`, `a client`,
`A workflow`. What comes back is the partner's word in the same form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

# singular → plural
OURS: Mapping[str, str] = MappingProxyType(
    {"client": "clients", "workflow": "workflows", "exception": "exceptions"}
)
NOUNS: tuple[str, ...] = tuple(word for pair in OURS.items() for word in pair)
MAX_LENGTH = 30
_WORD = re.compile(r"\b(?:([Aa]n?) )?(clients?|workflows?|exceptions?)\b", re.IGNORECASE)
_VOWELS = frozenset("aeiouAEIOU")


def names_one(text: str) -> bool:
    """Say whether a sentence has one of our words in it: most have none."""
    return _WORD.search(text) is not None


@dataclass(frozen=True, slots=True)
class Nouns:
    """The partner's words by ours, singular and plural; ours where there is none."""

    words: Mapping[str, str] = field(default_factory=dict)

    def phrase(self, text: str) -> str:
        """The partner's words for `a client`, `Clients`, …. Raises KeyError for another word."""
        article, _, noun = text.rpartition(" ")
        ours = noun.lower()
        if ours not in NOUNS:
            raise KeyError(f"{noun!r} is none of {', '.join(NOUNS)}.")
        word = self.words.get(ours) or ours
        if not article:
            return _raised(word) if noun[0].isupper() else word
        if article.lower() in ("a", "an"):
            written = "an" if word[0] in _VOWELS else "a"
            article = written.capitalize() if article[0].isupper() else written
        return f"{article} {word}"

    def sentence(self, text: str) -> str:
        """One of our own sentences with the partner's words in it."""
        return _WORD.sub(lambda found: self.phrase(found[0]), text)


def _raised(word: str) -> str:
    return word[0].upper() + word[1:]
