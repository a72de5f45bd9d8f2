"""How records are found by words: the beginnings of the words in their name, key and engagement,
and of an invoice also in the number that its own system printed on it.

The indexes and the queries must be the same expressions, so all are made here.
"""

import re
from typing import Any, Final

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import Expression, F, Func, Q, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

# What stands between the words of keys such as C-1001/2 and a.b@c: a space for each.
_BREAKS: Final = "-_/.@:#+&"
_FIELDS: Final = ("label", "key", "engagement")
_WORD: Final = re.compile(r"[^\W_]+")
MOST_WORDS: Final = 6
# The only records that have a printed number: the index of it costs the others nothing.
PRINTED: Final = Q(type="invoice")


class _Joined(Func):
    """The fields as one text with single spaces; `concat` would not be allowed in an index."""

    arg_joiner = " || ' ' || "
    template = "(%(expressions)s)"
    output_field = TextField()


def word_vector() -> Func:
    """Return the expression that is indexed, of any row with the three fields."""
    return _words_of(_Joined(*(Cast(F(field), TextField()) for field in _FIELDS)))


def printed_vector() -> Func:
    """Return the expression that is indexed of the rows that `PRINTED` names."""
    return _words_of(KT("data__external_number"))


def _words_of(text: Expression) -> Func:
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
