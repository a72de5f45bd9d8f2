"""A mapping as YAML, and back: exactly the same document. Pure.

    mapping: crm-customers
    direction: inbound
    …
    rules:
    - id: number
      …

Reading takes plain YAML only: no anchors, aliases or tags, no name twice, bounded in size and
depth. `true`, `false`, `null` and whole numbers are what they are; a number with a fraction
is an exact decimal; everything else is text, dates and `yes` too.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from mappings.documents import MAX_BYTES

HEADER: Final = ("mapping", "name", "direction", "connector", "object", "canonical", "makes")
_MAX_DEPTH: Final = 25
_MAX_EVENTS: Final = 120_000
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,30}\.[0-9]{1,30}")
_WORDS: Final[Mapping[str, object]] = {
    "true": True, "false": False, "null": None, "~": None, "": None,
}  # fmt: skip


class BadYaml(ValueError):
    """A text that is no plain YAML. Fit to show."""


class _Dumper(yaml.SafeDumper):
    """Writes the same object twice where it stands twice: no anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Put a text with a sign that other styles would lose into double quotes."""
    quoted = '"' if not text.replace("\n", "").isprintable() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=quoted)


_Dumper.add_representer(str, _write_text)


def write_yaml(document: Mapping[str, object], header: Mapping[str, str]) -> str:
    """Return a plain document as YAML, after a header that says which mapping it is."""
    said = {name: header[name] for name in HEADER if header.get(name)}
    return yaml.dump(
        {**said, **document}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )


def read_yaml(text: str) -> tuple[dict[str, str], dict[str, object]]:
    """Return (the header, the document) of a YAML text. Raises BadYaml."""
    if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise BadYaml(f"The text is larger than {MAX_BYTES // 1000} kB.")
    try:
        found = _read(iter(yaml.parse(text, Loader=yaml.CSafeLoader)))
    except (yaml.YAMLError, UnicodeError) as error:
        raise BadYaml(_where(error)) from error
    if not isinstance(found, dict):
        raise BadYaml("The text holds no mapping: it begins with names and colons.")
    header = {name: str(found.pop(name)) for name in HEADER if name in found}
    return header, found


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f" in line {mark.line + 1}" if mark is not None else ""
    problem = str(getattr(error, "problem", None) or "a sign that YAML does not have")
    if "cannot start any token" in problem:  # the reader's words for it help nobody
        problem = "it begins with a tab, or with a sign that needs quotes. Indent with spaces"
    return f"The text is not YAML{place}: {problem[:120]}."


def _read(events: Iterator[Event]) -> object:
    """Build the one value of a text from its events; nothing is ever constructed by tag."""
    holders: list[_Holder] = [_Holder(is_list=True)]
    documents = 0
    for count, event in enumerate(events):
        documents += isinstance(event, DocumentStartEvent)
        if count > _MAX_EVENTS or len(holders) > _MAX_DEPTH:
            raise BadYaml("The text is nested too deep or holds too much.")
        if documents > 1:
            raise BadYaml("The text holds more than one document.")
        _refuse_tricks(event)
        if isinstance(event, ScalarEvent):
            holders[-1].take(_scalar(event))
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            holders.append(_Holder(is_list=isinstance(event, SequenceStartEvent)))
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            made = holders.pop().value
            holders[-1].take(made)
    found = holders[0].value
    return found[0] if isinstance(found, list) and found else None


def _refuse_tricks(event: Event) -> None:
    if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
        raise BadYaml("Anchors and aliases are not taken; write each part out.")
    if getattr(event, "tag", None):
        raise BadYaml("Tags are not taken; write plain values.")


def _scalar(event: ScalarEvent) -> object:
    text = str(event.value)
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _DECIMAL.fullmatch(text) else text


class _Holder:
    """A list or object while its members come."""

    def __init__(self, *, is_list: bool) -> None:
        self.value: list[object] | dict[str, object] = [] if is_list else {}
        self._name: str | None = None

    def take(self, value: object) -> None:
        """Take the next member. Raises BadYaml for a name that is no text, or stands twice."""
        if isinstance(self.value, list):
            self.value.append(value)
        elif self._name is not None:
            self.value[self._name], self._name = value, None
        elif not isinstance(value, str):
            raise BadYaml("A name before a colon is a text; put it in quotes.")
        elif value in self.value:
            raise BadYaml(f"The name {value[:60]!r} stands twice in one place.")
        else:
            self._name = value
