"""Workbooks (.xlsx) as plain cells: the first sheet, read with limits, and one sheet written. Pure.

A workbook is a zip of XML. What it claims about its sizes is not believed: each part is read
up to a limit, document types (and with them entities) are refused, and so are formulas.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final
from xml.etree import ElementTree
from xml.parsers import expat
from xml.sax.saxutils import escape

MAX_PARTS: Final = 300
MAX_PART_BYTES: Final = 16 * 1024 * 1024
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PLACE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_NOT_XML: Final = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, EOFError) as error:
        raise BadWorkbook("This is no workbook that can be read.") from error
    return list(_rows(sheet, shared, max_rows, max_columns))


def _xml(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    with archive.open(name) as part:
        data = part.read(MAX_PART_BYTES + 1)
    if len(data) > MAX_PART_BYTES:
        raise BadWorkbook("The workbook is too large when unpacked.")
    try:
        _refuse_document_type(data)
        return ElementTree.fromstring(data)  # noqa: S314  without a document type: no entities
    except (ElementTree.ParseError, expat.ExpatError) as error:
        raise BadWorkbook("The workbook is damaged.") from error


def _refuse_document_type(data: bytes) -> None:
    def refuse(*args: object) -> None:
        raise BadWorkbook("The workbook has a document type, which none needs.")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(data, True)  # noqa: FBT003  its second argument has no name


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
        if not value.isdecimal() or int(value) >= len(shared):
            raise BadWorkbook("The workbook is damaged.")
        return shared[int(value)]
    if kind == "e":
        raise BadWorkbook(f"Cell {cell.get('r', '')} holds an error instead of a value.")
    return {"1": "true", "0": "false"}.get(value, value) if kind == "b" else value


_TYPES: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_RELATIONS: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/{kind}" Target="{target}"/></Relationships>'
)
_WORKBOOK: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
)


def write_rows(rows: Iterable[Sequence[str]]) -> bytes:
    """Return a workbook of one sheet. Every cell is a text, so none is a formula."""
    written = "".join(
        "<row>"
        + "".join(
            f'<c t="inlineStr"><is><t xml:space="preserve">{_safe(cell)}</t></is></c>'
            for cell in row
        )
        + "</row>"
        for row in rows
    )
    sheet = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{written}</sheetData></worksheet>"
    )
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _RELATIONS.format(kind="officeDocument", target="xl/workbook.xml"),
        "xl/workbook.xml": _WORKBOOK,
        "xl/_rels/workbook.xml.rels": _RELATIONS.format(
            kind="worksheet", target="worksheets/sheet1.xml"
        ),
        "xl/worksheets/sheet1.xml": sheet,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def _safe(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))
