"""JSON as the API takes it wherever a view does not say otherwise."""

import codecs
import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.utils.json import strict_constant

from governance.json_names import NamedTwice, each_once


class OnceJSONParser(JSONParser):
    """Refuses an object that has a name twice: taking the last one would hide a mistake."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the body's value. Raises ParseError."""
        encoding = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
        try:
            text = codecs.getreader(encoding)(stream)
            return json.load(text, parse_constant=strict_constant, object_pairs_hook=each_once)
        except NamedTwice as error:
            raise ParseError(str(error)) from error
        except ValueError as error:
            raise ParseError(f"This is not JSON: {error}.") from error
