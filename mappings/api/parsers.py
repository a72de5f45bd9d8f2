"""JSON as the API takes it for samples and documents: exact numbers, nothing ambiguous."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from mappings.json_text import MAX_BYTES, BadJson, read_json


class ExactJSONParser(BaseParser):
    """Reads numbers with a fraction as decimals: a preview must see what the engine sees."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Mapping[str, object]:
        """Return the body. Raises ParseError, answered as a 400 that says what is wrong."""
        try:
            found = read_json(stream.read(MAX_BYTES + 1))
        except BadJson as error:
            raise ParseError(str(error)) from error
        if not isinstance(found, dict):
            raise ParseError("Send one JSON object.")
        return found
