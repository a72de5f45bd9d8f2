"""XML from outside as elements, without document types and so without entities. Pure."""

from xml.etree import ElementTree
from xml.parsers import expat


class DocumentType(ValueError):
    """The text has a document type, which no reader here needs."""


class BadXml(ValueError):
    """The text is no XML."""


def parse(data: bytes) -> ElementTree.Element:
    """Return the root. Raises DocumentType, BadXml; ValueError or LookupError for an encoding that
    cannot be read."""
    try:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse
        parser.Parse(data, True)  # noqa: FBT003  its second argument has no name
        return ElementTree.fromstring(data)  # noqa: S314  without a document type: no entities
    except (ElementTree.ParseError, expat.ExpatError) as error:
        raise BadXml(str(error)) from error


def _refuse(*args: object) -> None:
    raise DocumentType("The text has a document type.")
