"""Filters and tags that the components in `templates/cotton/` are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time

from django import template
from django.forms import BoundField, CheckboxInput, widgets
from django.http import HttpRequest, QueryDict
from django.urls import resolve, reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from branding import formats, statuses
from branding.nouns import Nouns
from branding.viewer import Viewer, viewer_of
from governance.requests import actor_of

register = template.Library()

_MESSAGE_TONES = {"success": "ok", "warning": "warn", "error": "bad"}


@register.filter
def tone(status: object) -> str:
    """The tone of a stored status."""
    return statuses.tone_of(status)


@register.filter
def status_label(status: object) -> str:
    """The word for a stored status."""
    return statuses.label_of(status)


@register.filter
def message_tone(level: str) -> str:
    """The tone of one of the framework's messages."""
    return _MESSAGE_TONES.get(level, "info")


@register.filter
def field_kind(field: BoundField) -> str:
    """How a form field is laid out: hidden, check, group or line."""
    widget = field.field.widget
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, CheckboxInput):
        return "check"
    if isinstance(widget, widgets.RadioSelect):
        return "group"
    return "line"


def _control_class(widget: widgets.Widget) -> str:
    if isinstance(widget, CheckboxInput):
        return "checkbox"
    if isinstance(widget, widgets.RadioSelect):
        return ""  # the class would land on the group, not on its buttons
    if isinstance(widget, widgets.Select):
        return "select"
    if isinstance(widget, widgets.Textarea):
        return "textarea"
    if isinstance(widget, widgets.FileInput) or widget.attrs.get("type") == "color":
        return ""
    return "input"


@register.filter
def control(field: BoundField) -> SafeString:
    """The field's widget with our class on it, tied to its help and its error."""
    given = str(field.field.widget.attrs.get("class", ""))
    attrs: dict[str, str] = {"class": f"{_control_class(field.field.widget)} {given}".strip()}
    described = [
        f"{field.auto_id}{suffix}"
        for suffix, present in (("_helptext", field.help_text), ("_error", field.errors))
        if present
    ]
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs={name: value for name, value in attrs.items() if value})


@register.filter
def plain(value: object) -> str:
    """A number as HTML attributes want it: a point, no grouping."""
    number = formats.as_decimal(value)
    return "0" if number is None else format(number, "f")


@register.filter
def pretty_json(value: object) -> str:
    """Indented JSON; what JSON does not know is written as text."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def viewer_in(context: template.Context) -> Viewer:
    """The viewer of the page that is being rendered."""
    given = context.get("viewer")  # of documents and previews, which are for somebody else
    if isinstance(given, Viewer):
        return given
    return viewer_of(context.get("request"), context.get("brand"))


@register.simple_tag(takes_context=True)
def noun(context: template.Context, phrase: str) -> str:
    """What the partner calls it: `{% noun "Clients" %}`, `{% noun "a workflow" %}`."""
    known = getattr(context.get("brand"), "nouns", None)
    return (known if isinstance(known, Nouns) else Nouns()).phrase(phrase)


@register.simple_tag(takes_context=True)
def number(context: template.Context, value: object, digits: object = "") -> str:
    """A number in the viewer's form."""
    return formats.number_text(
        value, viewer_in(context), None if digits == "" else int(str(digits))
    )


@register.simple_tag(takes_context=True)
def money(
    context: template.Context,
    amount: object,
    currency: str = "",
    signed: object = False,
    bare: object = False,
) -> SafeString | str:
    """An amount with its currency, unless it is bare and the currency stands beside it; a minus
    is coloured, a plus is written only when signed."""
    value = formats.as_decimal(amount)
    if value is None:
        return "–"
    text = formats.money_text(value, currency, viewer_in(context))
    if signed and value > 0:
        text = f"+{text}"
    css = "ui-money ui-negative" if value < 0 else "ui-money"
    if bare:
        return format_html('<span class="{}">{}</span>', css, text)
    return format_html('<span class="{}">{} <span>{}</span></span>', css, text, currency)


def _moment(value: object) -> datetime | date | None:
    if isinstance(value, datetime | date):
        return value
    if isinstance(value, str) and value:
        return parse_date(value) if len(value) == 10 else parse_datetime(value)
    return None


@register.simple_tag(takes_context=True)
def when(context: template.Context, value: object, style: str = "") -> SafeString | str:
    """A moment or day in the viewer's zone. Styles: relative, date, day (with year), time, full."""
    moment = _moment(value)
    viewer = viewer_in(context)
    if moment is None:
        return "–"
    now = timezone.now()
    if not isinstance(moment, datetime):
        today = now.astimezone(viewer.tzinfo).date()
        text = formats.date_text(moment, viewer, None if style == "full" else today)
        return format_html('<time datetime="{}">{}</time>', moment.isoformat(), text)
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    title = formats.full_text(moment, viewer)
    text = _moment_text(moment, viewer, now, style)
    iso = moment.isoformat(timespec="seconds")
    return format_html('<time datetime="{}" title="{}">{}</time>', iso, title, text)


def _moment_text(moment: datetime, viewer: Viewer, now: datetime, style: str) -> str:
    if style == "relative":
        return formats.distance_text(moment, now)
    local = moment.astimezone(viewer.tzinfo)
    if style == "date":
        return formats.date_text(local.date(), viewer, now.astimezone(viewer.tzinfo).date())
    if style == "time":
        return time(local.hour, local.minute, local.second).isoformat()
    if style == "day":
        return formats.date_text(local.date(), viewer)
    if style == "full":
        return formats.full_text(moment, viewer)
    return formats.moment_text(moment, viewer, now)


def _query(context: template.Context) -> QueryDict:
    request = context.get("request")
    return request.GET if isinstance(request, HttpRequest) else QueryDict("")


@register.simple_tag(takes_context=True)
def sort_link(context: template.Context, field: str) -> Mapping[str, str]:
    """Where a column's heading leads: `?sort=field`, then `?sort=-field`; and its state now."""
    query = _query(context).copy()
    current = query.get("sort", "")
    query["sort"] = f"-{field}" if current == field else field
    query.pop("page", None)
    state = {field: "ascending", f"-{field}": "descending"}.get(current, "")
    return {"url": f"?{query.urlencode()}", "state": state}


@register.simple_tag(takes_context=True)
def kept_fields(context: template.Context, *without: str) -> SafeString:
    """The other parameters of the address as hidden inputs, so that a search keeps the filter."""
    pairs = [
        (name, value)
        for name, values in _query(context).lists()
        if name not in without
        for value in values
    ]
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', pairs)


@register.simple_tag(takes_context=True)
def query_value(context: template.Context, name: str) -> str:
    """What the address has for a parameter."""
    return _query(context).get(name, "")


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, name: str, value: str) -> str:
    """The address with one parameter more, from the list's first page."""
    query = _query(context).copy()
    query.pop("page", None)
    query[name] = value
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def page_url(context: template.Context, number: int) -> str:
    """The address with another page of the list."""
    query = _query(context).copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def opens(context: template.Context, name: str, *args: object) -> str:
    """The address of a page, "" when the viewer may not open it: no link to a refusal."""
    request = context.get("request")
    urlconf = getattr(request, "urlconf", None)
    address = reverse(name, urlconf=urlconf, args=args)
    wanted = getattr(resolve(address, urlconf=urlconf).func, "page_permissions", None)
    if wanted is None:
        return address
    held = actor_of(request).permissions if isinstance(request, HttpRequest) else frozenset()
    return "" if wanted.isdisjoint(held) else address


@register.simple_block_tag(takes_context=True)
def link(context: template.Context, content: str, name: str, *args: object) -> SafeString | str:
    """A link around its content, or the content alone when the viewer may not open the page."""
    address = opens(context, name, *args)
    return format_html('<a href="{}">{}</a>', address, content) if address else content
