"""Nothing that a partner's staff or clients get says whose product it is or what it is made of."""

import re

import pytest

from tests.e2e import people
from tests.e2e.conftest import Enter
from tests.e2e.walk import walk

NAMES = re.compile(
    r"\b(?:livery|django|unfold|drf|htmx|daisyui|tailwind|gunicorn|whitenoise)\b", re.I
)
# Names in the page's own text; scripts and styles are fetched apart.
TEXT = "() => document.title + ' ' + document.body.innerText"


@pytest.mark.parametrize("email", [*people.NORTHGATE, *people.KESTREL])
def test_pages_headers_and_cookies_name_no_product_and_no_library(enter: Enter, email: str) -> None:
    visitor = enter(email)
    heads: list[str] = []
    visitor.page.on("response", lambda answer: heads.append(str(answer.headers)))
    found = []
    for kind in walk(visitor):
        found += [f"{kind}: {one}" for one in NAMES.findall(visitor.page.evaluate(TEXT))]
    found += [f"header: {one}" for head in heads for one in NAMES.findall(head)]
    cookies = [str(cookie["name"]) for cookie in visitor.context.cookies()]
    found += [f"cookie: {name}" for name in cookies if NAMES.search(name)]
    assert not found, "\n".join(dict.fromkeys(found))


@pytest.mark.parametrize("path", ["nothing-here/", "clients/999999/", "theme.css", "robots.txt"])
def test_error_pages_and_small_files_name_nothing_either(enter: Enter, path: str) -> None:
    answer = enter(people.HELENA).ask(path)
    assert not NAMES.findall(re.sub(r'(?:src|href)="/static/[^"]*"', "", answer.text))
    assert not NAMES.findall(str(answer.headers))
