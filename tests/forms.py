"""A form of a page as a browser would send it back."""

from html.parser import HTMLParser

from django.http import QueryDict


class _Fields(HTMLParser):
    """Collects what a form would send: boxes that are ticked, options that are chosen."""

    def __init__(self, ident: str) -> None:
        super().__init__()
        self.ident = ident
        self.inside = False
        self.sent = QueryDict(mutable=True)
        self.select = ""
        self.options: list[tuple[str, bool]] = []
        self.area = ""
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = given.get("id") == self.ident
        name = given.get("name") or ""
        if not self.inside:
            return
        if tag == "input" and name and given.get("type") not in ("file", "submit"):
            if given.get("type") != "checkbox" or "checked" in given:
                self.sent.appendlist(name, given.get("value") or "")
        elif tag == "select":
            self.select, self.options = name, []
        elif tag == "option" and self.select:
            self.options.append((given.get("value") or "", "selected" in given))
        elif tag == "textarea":
            self.area, self.text = name, ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select" and self.select:
            chosen = next((value for value, is_chosen in self.options if is_chosen), None)
            first = self.options[0][0] if self.options else ""
            self.sent.appendlist(self.select, first if chosen is None else chosen)
            self.select = ""
        elif tag == "textarea" and self.area:
            self.sent.appendlist(self.area, self.text.removeprefix("\n"))
            self.area = ""


def fields_of_form(page: str, ident: str) -> QueryDict:
    """Return what the form with this id sends as it stands in the page."""
    fields = _Fields(ident)
    fields.feed(page)
    return fields.sent
