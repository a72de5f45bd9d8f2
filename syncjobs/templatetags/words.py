"""Words for what the engine keeps as keys: kinds of records, systems, events, durations, values."""

from collections.abc import Mapping

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from branding import formats
from branding.templatetags.ui import money, viewer_in, when
from mappings.canonical.fields import Field
from mappings.canonical.registry import SCHEMAS
from mappings.ownership import system_words
from syncjobs.connectors import registry
from syncjobs.cron import CronError, in_words
from syncjobs.indicators.stakes import Stake, stake_of
from syncjobs.models import Delivery
from syncjobs.services.hold_releases import needs_approval

register = template.Library()


@register.filter
def kind_label(kind: str) -> str:
    """`time_entry` as people say it: "Time entry"."""
    known = SCHEMAS.get(kind)
    return known.label if known else plain_words(kind)


@register.filter
def system_label(connector: str) -> str:
    """A connector's key as the system's name."""
    try:
        return registry.connector(connector).descriptor.label
    except registry.UnknownConnector:
        return plain_words(connector)


register.filter(system_words)


@register.filter
def plain_words(key: object) -> str:
    """`timeEntries` and `time_and_materials` with spaces and a capital."""
    spaced = "".join(f" {char.lower()}" if char.isupper() else char for char in str(key))
    return spaced.replace("_", " ").replace(".", " ").strip().capitalize()


@register.filter
def named(names: Mapping[str, str], key: str) -> str:
    """The name of a role; of one that was removed since, in general words."""
    return names.get(key, "a former role")


@register.filter
def schedule_words(schedule: str) -> str:
    """When a schedule fires, as people say it."""
    try:
        return in_words(schedule)
    except CronError:
        return schedule


@register.filter
def stake(delivery: Delivery) -> Stake | None:
    """What a delivery is worth."""
    return stake_of(delivery)


@register.filter
def step_label(delivery: Delivery) -> str:
    """The step of a delivery as its workflow calls it; `workflow_version` should be loaded."""
    for step in delivery.workflow_version.definition.get("steps", ()):
        if step.get("name") == delivery.step:
            return str(step.get("label") or plain_words(delivery.step))
    return plain_words(delivery.step)


register.filter(needs_approval)


@register.filter
def times(count: int) -> str:
    """How often something happened."""
    return "once" if count == 1 else f"{count:,} times"


@register.filter
def every(seconds: int) -> str:
    """A period in its largest whole unit: `every 5 min`."""
    for size, unit in ((86400, "day"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"every {unit}" if count == 1 else f"every {count} {unit}"
    return f"every {seconds} s"


@register.simple_tag(takes_context=True)
def field_value(
    context: template.Context, field: Field, value: object, currency: str = ""
) -> SafeString | str:
    """A field of a canonical record in the viewer's forms; a dash where it has nothing."""
    if value is None or value == "":
        return "–"
    if field.type in ("date", "datetime"):
        return when(context, value, "full" if field.type == "datetime" else "date")
    if field.type == "money":
        return money(context, value, currency)
    if field.type == "decimal":
        text = formats.number_text(value, viewer_in(context))
        return f"{text} {field.unit}".strip()
    if field.type == "boolean":
        return "Yes" if value else "No"
    if field.type == "enum":
        return plain_words(value)
    return format_html("{}", value)
