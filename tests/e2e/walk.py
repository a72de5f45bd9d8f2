"""Every page that somebody can reach by links: one example of each kind of address."""

import re
from collections import deque
from collections.abc import Iterator
from urllib.parse import parse_qsl, urljoin, urlsplit

from playwright.sync_api import Page

from tests.e2e.visitor import Visitor

_NUMBER = re.compile(r"(?<=/)\d+(?=/|$)")
# An approval rule is named by a kind of change and its risk, a new connection by its system: each
# is one page with other words.
_NAMED = re.compile(r"(?<=/rules/)[^/]+/[^/]+(?=/$)|(?<=/connections/new/)[^/]+(?=/$)")
_MONTH = re.compile(r"(?<=/)\d{4}-\d{2}(?=/|$)")
_DOWNLOADS = re.compile(
    r"/export/|/template/|/pdf/|[?&]format=|\.csv|\.pdf|\.xlsx|\.yaml|/api/|\.png|\.ico|\.css"
)
MOST_PAGES = 200
LINKS = "() => [...document.querySelectorAll('a[href]:not([download])')].map(link => link.href)"


def kind_of(address: str) -> str:
    """Return what addresses of one kind of page share: the path without ids, the query's names.

    A list that is filtered and sorted is of the kind of the filtered one.
    """
    parts = urlsplit(address)
    path = _NUMBER.sub("N", _MONTH.sub("M", _NAMED.sub("N", parts.path)))
    names = {name for name, _ in parse_qsl(parts.query)}
    if len(names) > 1:
        names.discard("sort")
    return f"{path}?{'&'.join(sorted(names))}" if names else path


def links_on(page: Page, home: str) -> list[str]:
    """Return the addresses on the same host that a page links to, without fragments."""
    host = urlsplit(home).netloc
    found = [urljoin(page.url, link).split("#")[0] for link in page.evaluate(LINKS)]
    return [
        link
        for link in dict.fromkeys(found)
        if urlsplit(link).netloc == host and not _DOWNLOADS.search(link)
    ]


def walk(visitor: Visitor) -> Iterator[str]:
    """Open one page of each kind that links lead to from the start page; yields each kind.

    While a kind is handled, the visitor's window shows its page.
    """
    waiting = deque([visitor.home])
    seen = {kind_of(visitor.home)}
    while waiting:
        address = waiting.popleft()
        answer = visitor.go(address)
        assert answer.status == 200, f"{answer.status} at {address}"
        for link in links_on(visitor.page, visitor.home):
            if kind_of(link) not in seen:
                seen.add(kind_of(link))
                waiting.append(link)
        assert len(seen) <= MOST_PAGES, f"{len(seen)} kinds of pages: is an id in the path?"
        yield kind_of(address)
