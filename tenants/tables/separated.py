"""Separated values: from a file's bytes to rows of texts, or to a sentence why not. Pure."""

import csv
import io
from collections.abc import Iterator
from typing import Final

SEPARATORS: Final = ",;\t"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


class BadText(ValueError):
    """It cannot be read; the message says why, in plain words."""


class NotUtf8(BadText):
    """It is a text in another encoding, or none."""


def text_of(content: bytes) -> str:
    """Return a file's text: UTF-8, or the UTF-16 that spreadsheets call Unicode text.

    Raises BadText.
    """
    try:
        text = content.decode("utf-16" if content[:2] in _UTF_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUtf8("The file is not in UTF-8. Save it as CSV UTF-8, or as .xlsx.") from error
    if "\x00" in text:
        raise BadText("The file holds characters that no text has. Save it as CSV UTF-8.")
    return text


def rows_of(text: str, separators: str = SEPARATORS) -> Iterator[list[str]]:
    """Give the rows of a text, empty ones too. Raises BadText.

    Its first line says by which of the separators: the one that it has most of.
    """
    first = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(separators, key=first.count)
    number = 1
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
            yield row
            number += 1
    except csv.Error as error:
        raise BadText(f"Row {number} cannot be read: {error}.") from error
