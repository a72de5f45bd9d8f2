"""From text to nodes. Bounded in length, depth and size, so nothing it is given can hang it."""

import re
from typing import Final

from mappings.language.budget import MAX_DEPTH, MAX_NODES, MAX_SOURCE, ExpressionError
from mappings.language.nodes import Call, Literal, Node
from mappings.numbers import NotANumber, as_decimal

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<text>'[^'\\\n]*'|"[^"\\\n]*")|(?P<number>-?[0-9]{1,40}(?:\.[0-9]{1,20})?)"""
    r"""|(?P<name>[a-z][a-z_]{0,30})|(?P<sign>[(),])|(?P<end>\Z))""",
    re.ASCII,
)
_WORDS: Final = {"true": True, "false": False, "null": None}


class _Reader:
    """Tokens one after another. `at`: where the present one begins, counted from 1."""

    def __init__(self, source: str) -> None:
        if len(source) > MAX_SOURCE:
            raise ExpressionError(f"The expression is longer than {MAX_SOURCE} characters.")
        self.source = source
        self.nodes = 0
        self.at = 1
        self.kind = ""
        self.text = ""
        self._next = 0
        self.advance()

    def advance(self) -> None:
        """Read the next token; at the end the kind is "end"."""
        found = _TOKEN.match(self.source, self._next)
        if found is None or not found.lastgroup:
            rest = self.source[self._next :]
            place = self._next + len(rest) - len(rest.lstrip()) + 1
            raise ExpressionError(
                f"{rest.strip()[:1]!r} at position {place} has no meaning here; write function "
                "calls such as add(field('hours'), 1)."
            )
        self.kind, self.text = found.lastgroup, found.group(found.lastgroup)
        self.at, self._next = found.start(found.lastgroup) + 1, found.end()

    def stands_at(self, sign: str) -> bool:
        """Say whether the present token is this sign."""
        return self.kind == "sign" and self.text == sign

    def take(self, sign: str) -> None:
        """Go past a sign that must stand here."""
        if not self.stands_at(sign):
            seen = repr(self.text) if self.text else "the end"
            raise ExpressionError(f"{sign!r} is missing before {seen} at position {self.at}.")
        self.advance()


def parse(source: str) -> Node:
    """Return the expression. Raises ExpressionError that says what is wrong and where."""
    reader = _Reader(source)
    node = _node(reader, 0)
    if reader.kind != "end":
        raise ExpressionError(f"{reader.text!r} at position {reader.at} comes after the end.")
    return node


def _node(reader: _Reader, depth: int) -> Node:
    reader.nodes += 1
    if depth > MAX_DEPTH:
        raise ExpressionError(f"The expression is nested deeper than {MAX_DEPTH}.")
    if reader.nodes > MAX_NODES:
        raise ExpressionError(f"The expression has more than {MAX_NODES} parts.")
    kind, text, at = reader.kind, reader.text, reader.at
    if kind == "text":
        reader.advance()
        return Literal(text[1:-1])
    if kind == "number":
        reader.advance()
        try:
            return Literal(as_decimal(text))
        except NotANumber as error:
            raise ExpressionError(f"{text[:40]} {error}.") from error
    if kind == "name":
        reader.advance()
        return _word_or_call(reader, text, at, depth)
    raise ExpressionError(f"A value is missing at position {at}.")


def _word_or_call(reader: _Reader, name: str, at: int, depth: int) -> Node:
    if not reader.stands_at("("):
        if name in _WORDS:
            return Literal(_WORDS[name])
        raise ExpressionError(
            f"{name!r} is not a value; a field of the record is written field('{name}')."
        )
    reader.advance()
    arguments: list[Node] = []
    while not reader.stands_at(")"):
        if arguments:
            reader.take(",")
        arguments.append(_node(reader, depth + 1))
    reader.take(")")
    return Call(name, tuple(arguments), at)
