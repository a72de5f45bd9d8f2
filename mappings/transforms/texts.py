"""Steps on texts."""

from collections.abc import Mapping
from typing import Final

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

from mappings.transforms.base import (
    MAX_TEXT,
    Param,
    Step,
    Transform,
    TransformError,
    plain,
    text_of,
)

MAX_PATTERN: Final = 200


def _whole(params: Mapping[str, object], name: str) -> int:
    """Return a setting that `settings` has checked to be a whole number."""
    value = params[name]
    assert isinstance(value, int)
    return value


def _replace(params: Mapping[str, object]) -> Step:
    old, new = str(params["old"]), str(params["new"])
    if not old:
        raise TransformError("the text to replace is empty")

    def step(value: object) -> object:
        text = text_of(value)
        if len(text) + text.count(old) * (len(new) - len(old)) > MAX_TEXT:
            raise TransformError(f"the text would grow beyond {MAX_TEXT} characters")
        return text.replace(old, new)

    return step


def _substring(params: Mapping[str, object]) -> Step:
    start, length = _whole(params, "start"), _whole(params, "length")
    if start < 1 or length < 1:
        raise TransformError("'start' and 'length' count from 1")
    return lambda value: text_of(value)[start - 1 : start - 1 + length]


def _pad(params: Mapping[str, object]) -> Step:
    width, sign = _whole(params, "width"), str(params["sign"])
    if not 1 <= width <= 200 or len(sign) != 1:
        raise TransformError("the width is 1 to 200 and the sign a single character")
    return lambda value: text_of(value).rjust(width, sign)


def _pattern(params: Mapping[str, object]) -> Step:
    """Keep values that match a regular expression; the engine is linear in the text."""
    pattern = str(params["pattern"])
    if len(pattern) > MAX_PATTERN:
        raise TransformError(f"the pattern is longer than {MAX_PATTERN} characters")
    try:
        schema = core_schema.str_schema(pattern=pattern, regex_engine="rust-regex")
        validator = SchemaValidator(schema)
    except SchemaError as error:
        raise TransformError("the pattern is not a regular expression that can be used") from error

    def step(value: object) -> object:
        try:
            return validator.validate_python(text_of(value))
        except ValidationError as error:
            raise TransformError(f"does not match the pattern {pattern}") from error

    return step


def _part(params: Mapping[str, object]) -> Step:
    separator, number = str(params["separator"]), _whole(params, "number")
    if not separator or number < 1:
        raise TransformError("a separator is needed, and parts count from 1")

    def step(value: object) -> object:
        parts = text_of(value).split(separator)
        if number > len(parts):
            raise TransformError(f"has only {len(parts)} part{'s' if len(parts) != 1 else ''}")
        return parts[number - 1].strip()

    return step


TRANSFORMS = (
    Transform("trim", "Trim spaces", "text", plain(lambda value: text_of(value).strip())),
    Transform("upper", "Capitals", "text", plain(lambda value: text_of(value).upper())),
    Transform("lower", "Small letters", "text", plain(lambda value: text_of(value).lower())),
    Transform("title", "Capitalise words", "text", plain(lambda value: text_of(value).title())),
    Transform(
        "collapse_spaces",
        "One space at most",
        "text",
        plain(lambda value: " ".join(text_of(value).split())),
    ),
    Transform(
        "digits",
        "Digits only",
        "text",
        plain(lambda value: "".join(sign for sign in text_of(value) if sign in "0123456789")),
    ),
    Transform("to_text", "As text", "text", plain(text_of)),
    Transform(
        "prefix",
        "Put before",
        "text",
        lambda params: lambda value: text_of(f"{params['text']}{text_of(value)}"),
        (Param("text", "text"),),
    ),
    Transform(
        "suffix",
        "Put after",
        "text",
        lambda params: lambda value: text_of(f"{text_of(value)}{params['text']}"),
        (Param("text", "text"),),
    ),
    Transform(
        "replace",
        "Replace",
        "text",
        _replace,
        (Param("old", "text"), Param("new", "text", required=False, default="")),
    ),
    Transform(
        "substring",
        "Part by position",
        "text",
        _substring,
        (Param("start", "integer"), Param("length", "integer")),
    ),
    Transform(
        "part",
        "Part by separator",
        "text",
        _part,
        (Param("separator", "text"), Param("number", "integer")),
    ),
    Transform(
        "pad_left",
        "Fill up on the left",
        "text",
        _pad,
        (Param("width", "integer"), Param("sign", "text", required=False, default="0")),
    ),
    Transform(
        "match",
        "Must match",
        "text",
        _pattern,
        (Param("pattern", "text", help="A regular expression"),),
    ),
)
