"""JSON bodies without floats: amounts and hours arrive to the cent, as they were written."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from governance.json_names import NamedTwice, refuse_twice
from syncjobs.connectors.codec import BrokenJson, decode
from syncjobs.sheets import MAX_BYTES


class ExactJSONParser(BaseParser):
    """Numbers with a point become `Decimal`; a name that stands twice is refused."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the body's value. Raises ParseError."""
        body = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise ParseError(f"At most {MAX_BYTES // 1024 // 1024} MB.")
        try:
            value = decode(body)
            refuse_twice(body)
        except BrokenJson as error:
            raise ParseError(f"This is not JSON: {error}.") from error
        except NamedTwice as error:
            raise ParseError(str(error)) from error
        return value
