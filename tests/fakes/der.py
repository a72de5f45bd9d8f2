"""Just enough DER to play a time stamp authority."""

from collections.abc import Iterable


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return an element of these contents."""
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE."""
    return tlv(0x30, *parts)


def set_of(parts: Iterable[bytes], tag: int = 0x31) -> bytes:
    """Return a SET OF, in the order that DER asks for."""
    return tlv(tag, *sorted(parts))


def integer(number: int) -> bytes:
    """Return an INTEGER that is not negative."""
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def octets(content: bytes) -> bytes:
    """Return an OCTET STRING."""
    return tlv(4, content)


def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    content = bytearray()
    for number in (40 * first + second, *rest):
        piece = [number & 0x7F]
        while number := number >> 7:
            piece.insert(0, 0x80 | number & 0x7F)
        content += bytes(piece)
    return tlv(6, bytes(content))


def elements(content: bytes) -> list[bytes]:
    """Return the elements that stand one after another, each with its head."""
    found = []
    while content:
        size, head = content[1], 2
        if size & 0x80:
            head += size & 0x7F
            size = int.from_bytes(content[2:head], "big")
        found.append(content[: head + size])
        content = content[head + size :]
    return found


def inside(element: bytes) -> list[bytes]:
    """Return the elements inside one."""
    head = 2 + (element[1] & 0x7F if element[1] & 0x80 else 0)
    return elements(element[head:])
