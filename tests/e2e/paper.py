"""What a PDF of ours says, read from the file itself: its fonts' own tables name the letters."""

import re
import zlib
from collections.abc import Iterator

_OBJECT = re.compile(rb"(?<!\d)(\d+) 0 obj(.*?)endobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_LETTER = re.compile(rb"<([0-9a-fA-F]{4})> <([0-9a-fA-F]+)>")
_SHOWN = re.compile(rb"/([A-Za-z0-9]+) [\d.]+ Tf|<([0-9a-fA-F]+)>|(Tm|ET)\b")


def words_of(pdf: bytes) -> str:
    """Return its text in the order in which it is drawn, with single spaces."""
    objects = dict(_objects(pdf))
    fonts = dict(_fonts(objects))
    pages = [body for body in objects.values() if b" Tf" in body and b"BT" in body]
    return " ".join("".join(part for page in pages for part in _drawn(page, fonts)).split())


def _objects(pdf: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each object by its number, streams unpacked, those inside streams of objects too."""
    for number, body in _OBJECT.findall(pdf):
        packed = _STREAM.search(body)
        if packed is None:
            yield int(number), body
            continue
        try:
            content = zlib.decompress(packed[1])
        except zlib.error:
            continue
        if b"/ObjStm" not in body:
            yield int(number), content
            continue
        first = re.search(rb"/First (\d+)", body)
        assert first is not None
        heads = [int(one) for one in content[: int(first[1])].split()]
        starts = [int(first[1]) + one for one in heads[1::2]]
        for inner, start, end in zip(heads[::2], starts, [*starts[1:], None], strict=True):
            yield inner, content[start:end]


def _fonts(objects: dict[int, bytes]) -> Iterator[tuple[bytes, dict[bytes, str]]]:
    """Yield each font's letters by glyph, by the name that pages give the font."""
    everything = b" ".join(objects.values())
    for name, number in set(re.findall(rb"/([A-Z]{6}) (\d+) 0 R", everything)):
        table = re.search(rb"/ToUnicode (\d+) 0 R", objects.get(int(number), b""))
        if table is not None:
            letters = _LETTER.findall(objects[int(table[1])].partition(b"beginbfchar")[2])
            yield (
                name,
                {
                    glyph.lower(): bytes.fromhex(to.decode()).decode("utf-16-be")
                    for glyph, to in letters
                },
            )


def _drawn(page: bytes, fonts: dict[bytes, dict[bytes, str]]) -> Iterator[str]:
    letters: dict[bytes, str] = {}
    for font, glyphs, ends in _SHOWN.findall(page):
        if font:
            letters = fonts.get(font, {})
        elif ends:
            yield " "
        for at in range(0, len(glyphs), 4):
            yield letters.get(glyphs[at : at + 4].lower(), "")
