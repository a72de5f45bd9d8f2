"""The way down to the partner's own words: the layer above registers who knows them.

For texts that are written in code; templates have `{% noun %}`.
"""

from collections.abc import Callable

from django.utils.functional import lazy

Said = Callable[[str], str]
_said: list[Said] = []


def register(said: Said) -> None:
    """Let `said` put the partner's words into a sentence; from AppConfig.ready()."""
    _said[:] = [said]


def in_words(sentence: str) -> str:
    """A sentence of ours in the partner's words: `a client`, `Workflows`, `exceptions`, ….

    For texts of the code alone, never for one with somebody's data in it: a name that has one
    of the words would be changed.
    """
    return _said[0](sentence) if _said else sentence


in_words_later = lazy(in_words, str)
