"""The OData-like query options: `$filter`, `$top`, `$skiptoken`."""

import base64
import binascii
import re
from collections.abc import Mapping
from urllib.parse import quote

from syncjobs.sandbox.checks import moment
from syncjobs.sandbox.messages import Request
from syncjobs.sandbox.problems import FieldProblem, Refused, invalid
from syncjobs.sandbox.store import Document, Selection

LARGEST_PAGE = 500
_TERM = re.compile(r"(\w+) (eq|gt|ge) (?:'((?:[^']|'')*)'|([^\s']+))")


def selection(kind: str, request: Request) -> Selection:
    """The documents that a list request asks for."""
    since, inclusive = "", True
    equal: dict[str, str] = {}
    for field, operator, value in _terms(request.query.get("$filter", "")):
        if operator == "eq":
            equal[field] = value
        elif field != "lastModified":
            raise _bad("only lastModified can be compared with gt or ge")
        else:
            since, inclusive = _instant(value), operator == "ge"
    after = _skip(request.query.get("$skiptoken"))
    return Selection(kind, since, inclusive, after, equal)


def page_size(request: Request) -> int:
    """`$top`, at most `LARGEST_PAGE`."""
    value = request.query.get("$top", "100")
    if not value.isdigit() or not 1 <= int(value) <= LARGEST_PAGE:
        raise invalid(FieldProblem("$top", f"must be between 1 and {LARGEST_PAGE}"))
    return int(value)


def next_link(request: Request, last: Document) -> str:
    """The address of the page after `last`, with the same filter."""
    token = base64.urlsafe_b64encode(f"{last.updated}|{last.seq}".encode()).decode()
    query: Mapping[str, str] = {**request.query, "$skiptoken": token}
    text = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    return f"{request.origin}{request.path}?{text}"


def _terms(text: str) -> list[tuple[str, str, str]]:
    if not text.strip():
        return []
    found = []
    for part in re.split(r" and (?=\w+ (?:eq|gt|ge) )", text.strip()):
        match = _TERM.fullmatch(part.strip())
        if match is None:
            raise _bad(f"{part!r} is not of the form: field eq|gt|ge 'value'")
        field, operator, quoted, bare = match.groups()
        value = bare if quoted is None else quoted.replace("''", "'")
        found.append((field, operator, value))
    return found


def _instant(value: str) -> str:
    try:
        return str(moment(value))
    except ValueError as error:
        raise _bad(f"lastModified {error}") from error


def _skip(value: str | None) -> tuple[str, int] | None:
    if not value:
        return None
    try:
        updated, seq = base64.urlsafe_b64decode(value.encode()).decode().split("|")
        return updated, int(seq)
    except (ValueError, binascii.Error) as error:
        raise invalid(FieldProblem("$skiptoken", "is not a token of this list")) from error


def _bad(message: str) -> Refused:
    return invalid(FieldProblem("$filter", message))
