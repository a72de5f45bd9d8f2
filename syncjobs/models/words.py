"""How records are found by words: the beginnings of the words in their name, key and engagement.

The index and the query must be the same expression, so both are made here.
"""

import re
from typing import Any, Final

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import F, Func, TextField, Value
from django.db.models.functions import Cast

# What stands between the words of keys such as C-1001/2 and a.b@c: a space for each.
_BREAKS: Final = "-_/.@:#+&"
_FIELDS: Final = ("label", "key", "engagement")
_WORD: Final = re.compile(r"[^\W_]+")
MOST_WORDS: Final = 6


class _Joined(Func):
    """The fields as one text with single spaces; `concat` would not be allowed in an index."""

    arg_joiner = " || ' ' || "
    template = "(%(expressions)s)"
    output_field = TextField()


def word_vector() -> Func:
    """Return the expression that is indexed, of any row with the three fields."""
    text = _Joined(*(Cast(F(field), TextField()) for field in _FIELDS))
    spaced = Func(text, Value(_BREAKS), Value(" " * len(_BREAKS)), function="translate")
    return Func(
        spaced,
        function="to_tsvector",
        template="%(function)s('simple'::regconfig, %(expressions)s)",
        output_field=SearchVectorField(),
    )


def word_query(text: str) -> Any | None:
    """Return the query for rows with words that begin with each word of `text`.

    None when there is no word in it.
    """
    words = _WORD.findall(text)[:MOST_WORDS]
    if not words:
        return None
    # Letters and digits only, so nothing of what was typed is read as an operator.
    return SearchQuery(
        " & ".join(f"{word}:*" for word in words), config="simple", search_type="raw"
    )
