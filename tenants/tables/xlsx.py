"""Workbooks (.xlsx) as plain cells: the first sheet, read with limits, and one sheet written. Pure.

A workbook is a zip of XML. What it claims about its sizes is not believed: each part is read
up to a limit, document types (and with them entities) are refused, and so are formulas.
"""

import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from tenants import xml_text

MAX_PARTS: Final = 300
_MAX_DIGITS: Final = 9
MAX_PART_BYTES: Final = 16 * 1024 * 1024
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PLACE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_NOT_XML: Final = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


_DAMAGED: Final = "The workbook is damaged."
# What unpacking raises for bytes that are no good zip, whatever the packing.
_UNPACKING: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    LookupError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
)


class BadWorkbook(ValueError):
    """It cannot be read; the message says why, in plain words."""


def read_rows(content: bytes, max_rows: int, max_columns: int) -> list[list[str]]:
    """Return the first sheet's rows as texts. Raises BadWorkbook.

    More rows than `max_rows` are cut after one too many, so that the caller can tell.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if len(archive.infolist()) > MAX_PARTS:
                raise BadWorkbook("The workbook has too many parts.")
            shared = _shared_texts(archive)
            sheet = _xml(archive, _first_sheet(archive))
    except BadWorkbook:
        raise
    except _UNPACKING as error:
        raise BadWorkbook("This is no workbook that can be read.") from error
    return list(_rows(sheet, shared, max_rows, max_columns))


def _xml(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    with archive.open(name) as part:
        data = part.read(MAX_PART_BYTES + 1)
    if len(data) > MAX_PART_BYTES:
        raise BadWorkbook("The workbook is too large when unpacked.")
    try:
        return xml_text.parse(data)
    except xml_text.DocumentType as error:
        raise BadWorkbook("The workbook has a document type, which none needs.") from error
    except xml_text.BadXml as error:
        raise BadWorkbook(_DAMAGED) from error
    except (ValueError, LookupError) as error:
        text = "The workbook is in an encoding that cannot be read. Save it again as .xlsx."
        raise BadWorkbook(text) from error


def _first_sheet(archive: zipfile.ZipFile) -> str:
    sheet = _xml(archive, "xl/workbook.xml").find(f"{_MAIN}sheets/{_MAIN}sheet")
    if sheet is None:
        raise BadWorkbook("The workbook has no sheet.")
    wanted = sheet.get(_RELATION)
    for relation in _xml(archive, "xl/_rels/workbook.xml.rels"):
        if relation.get("Id") == wanted:
            target = relation.get("Target", "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise BadWorkbook("The workbook's first sheet is missing.")


def _shared_texts(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    return [_text_of(one) for one in _xml(archive, "xl/sharedStrings.xml")]


def _text_of(element: ElementTree.Element) -> str:
    """The text of a string item, without the reading aids of Japanese."""
    own = [part.text or "" for part in element.findall(f"{_MAIN}t")]
    runs = [part.text or "" for part in element.findall(f"{_MAIN}r/{_MAIN}t")]
    return "".join([*own, *runs])


def _rows(
    sheet: ElementTree.Element, shared: Sequence[str], max_rows: int, max_columns: int
) -> Iterator[list[str]]:
    rows = sheet.iterfind(f"{_MAIN}sheetData/{_MAIN}row")
    for row in islice(rows, max_rows + 1):
        cells: dict[int, str] = {}
        for position, cell in enumerate(row.iterfind(f"{_MAIN}c")):
            place = _PLACE.fullmatch(cell.get("r", ""))
            column = _number(place[1]) if place else position
            if column >= max_columns:
                raise BadWorkbook(f"There are more than {max_columns} columns.")
            cells[column] = _value(cell, shared)
        yield [cells.get(column, "") for column in range(max(cells, default=-1) + 1)]


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _value(cell: ElementTree.Element, shared: Sequence[str]) -> str:
    if cell.find(f"{_MAIN}f") is not None:
        place = cell.get("r", "")
        raise BadWorkbook(f"Cell {place} holds a formula. Paste its value instead.")
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        inline = cell.find(f"{_MAIN}is")
        return "" if inline is None else _text_of(inline)
    value = cell.findtext(f"{_MAIN}v") or ""
    if kind == "s":
        # A number of thousands of digits is refused by int() itself.
        if not value.isdecimal() or len(value) > _MAX_DIGITS or int(value) >= len(shared):
            raise BadWorkbook(_DAMAGED)
        return shared[int(value)]
    if kind == "e":
        raise BadWorkbook(f"Cell {cell.get('r', '')} holds an error instead of a value.")
    return {"1": "true", "0": "false"}.get(value, value) if kind == "b" else value


_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_SCHEMAS: Final = "http://schemas.openxmlformats.org"
_SPREADSHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_MAX_TITLE: Final = 31
MAX_CELL: Final = 32_000  # programs refuse a longer one


def write_rows(rows: Iterable[Sequence[str]]) -> bytes:
    """Return a workbook of one sheet. Every cell is a text, so none is a formula."""
    return write_sheets([("Sheet1", rows)])


def write_sheets(sheets: Sequence[tuple[str, Iterable[Sequence[str]]]]) -> bytes:
    """Return a workbook of several sheets, (title, rows) each; as `write_rows`.

    Titles must differ in their first 31 signs and hold none of []:*?/\\.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _frame([title[:_MAX_TITLE] for title, _ in sheets]).items():
            archive.writestr(name, text)
        for number, (_, rows) in enumerate(sheets, 1):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", _sheet(rows))
    return buffer.getvalue()


def _frame(titles: Sequence[str]) -> dict[str, str]:
    """Return the parts that tell of the sheets."""
    numbers = range(1, len(titles) + 1)
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{one}.xml" '
        f'ContentType="{_SPREADSHEET}.worksheet+xml"/>'
        for one in numbers
    )
    listed = "".join(
        f'<sheet name={quoteattr(_safe(title))} sheetId="{one}" r:id="rId{one}"/>'
        for one, title in zip(numbers, titles, strict=True)
    )
    return {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_SCHEMAS}/package/2006/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SPREADSHEET}.sheet.main+xml"/>'
        f"{types}</Types>",
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_SCHEMAS}/spreadsheetml/2006/main" '
        f'xmlns:r="{_SCHEMAS}/officeDocument/2006/relationships"><sheets>{listed}</sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": _relations(
            [("worksheet", f"worksheets/sheet{one}.xml") for one in numbers]
        ),
    }


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{number}" '
        f'Type="{_SCHEMAS}/officeDocument/2006/relationships/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    space = f"{_SCHEMAS}/package/2006/relationships"
    return f'{_HEAD}<Relationships xmlns="{space}">{rows}</Relationships>'


def _sheet(rows: Iterable[Sequence[str]]) -> str:
    written = "".join(
        "<row>"
        + "".join(
            f'<c t="inlineStr"><is><t xml:space="preserve">{escape(_safe(cell))}</t></is></c>'
            for cell in row
        )
        + "</row>"
        for row in rows
    )
    return (
        f'{_HEAD}<worksheet xmlns="{_SCHEMAS}/spreadsheetml/2006/main">'
        f"<sheetData>{written}</sheetData></worksheet>"
    )


def _safe(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text[:MAX_CELL])
