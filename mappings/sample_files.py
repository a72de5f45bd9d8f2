"""A file of records that somebody brings as a sample: to the text of the sample box. Pure."""

from typing import Final

from mappings.sample_rows import MAX_BYTES, MAX_COLUMNS, MAX_ROWS, BadSample, table_text
from tenants.tables.separated import BadText, NotUtf8, text_of
from tenants.tables.xlsx import BadWorkbook, read_rows

MAX_FILE: Final = 5_000_000
_ZIP: Final = b"PK\x03\x04"


def sample_of_file(content: bytes) -> tuple[str, list[str]]:
    """Return a file's beginning as a sample, and what to know about it.

    Read: CSV in UTF-8, UTF-16 or as older Windows programs write it, .xlsx, and a JSON object. A
    long table is cut after whole rows. Raises BadSample.
    """
    if len(content) > MAX_FILE:
        raise BadSample(f"The file is larger than {MAX_FILE // 1_000_000} MB; bring fewer rows.")
    if content.startswith(_ZIP):
        try:
            rows = read_rows(content, MAX_ROWS + 1, MAX_COLUMNS)
        except BadWorkbook as error:
            raise BadSample(str(error)) from error
        return _cut(table_text(rows), [])
    text, notes = _decoded(content)
    return _cut(text.replace("\r\n", "\n").replace("\r", "\n"), notes)


def _decoded(content: bytes) -> tuple[str, list[str]]:
    try:
        return text_of(content), []
    except NotUtf8:
        pass
    except BadText as error:
        raise BadSample(str(error)) from error
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise BadSample("The file is not in UTF-8. Save it as CSV UTF-8, or as .xlsx.") from error
    return text, ["The file is not in UTF-8; it was read as Windows writes it. Check the accents."]


def _cut(text: str, notes: list[str]) -> tuple[str, list[str]]:
    """Keep as many lines as a sample may have; a line break inside quotes is none."""
    if text.lstrip()[:1] in ("{", "["):
        return text, notes
    kept, size, ends = [], 0, 0
    open_quote = False
    for line in text.split("\n"):
        size += len(line.encode()) + 1
        if size > MAX_BYTES or ends > MAX_ROWS:
            break
        kept.append(line)
        open_quote ^= line.count('"') % 2 == 1
        ends += bool(line.strip()) and not open_quote
    if not any(line.strip() for line in text.split("\n")[len(kept) :]):
        return text, notes
    while kept and open_quote:
        open_quote ^= kept.pop().count('"') % 2 == 1
    said = f"The first {ends - 1} rows of the file are tried here; the rest is left out."
    return "\n".join(kept), [*notes, said]
