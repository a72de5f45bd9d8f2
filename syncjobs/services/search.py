"""One search over everything that an actor may see, grouped by what it is.

Nothing of it is cached: what somebody may see can change between two requests. Each group asks
for its own permission and, for a client's people, looks at their own client only.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.db.models import Case, IntegerField, Model, Q, QuerySet, Value, When

from governance.actors import Actor
from mappings.canonical.registry import SCHEMAS
from syncjobs.indicators.engagements.chosen import HEADS, engagements
from syncjobs.models import CanonicalRecord, Connection, Issue, Workflow
from syncjobs.models.words import PRINTED, printed_vector, word_query, word_vector
from syncjobs.state import ISSUE
from tenants.accounts.models import Client, User
from tenants.nouns import in_words

M = TypeVar("M", bound=Model)
SHORTEST: Final = 2
LONGEST: Final = 100
# So many matches of a common word are looked at before the newest are chosen.
LOOKED_AT: Final = 500


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was found, and the page that shows it."""

    title: str
    text: str
    url_name: str
    pk: int


@dataclass(frozen=True, slots=True)
class Group:
    """Things of one kind. list_name: the page that lists them all; `more`: there are others."""

    label: str
    list_name: str
    found: list[Found]
    more: bool


@dataclass(frozen=True, slots=True)
class _Kind:
    label: str
    permission: str
    list_name: str
    find: Callable[[Actor, str, int], Iterable[Found]]
    for_clients: bool = True


def search(actor: Actor, text: str, limit: int) -> list[Group]:
    """Return what matches, at most `limit` of each kind; nothing for less than two signs."""
    words = " ".join(text.split())[:LONGEST]
    if len(words) < SHORTEST:
        return []
    groups = []
    for kind in _KINDS:
        if not actor.can(kind.permission) or (actor.client_id is not None and not kind.for_clients):
            continue
        found = list(kind.find(actor, words, limit + 1))
        if found:
            groups.append(
                Group(in_words(kind.label), kind.list_name, found[:limit], len(found) > limit)
            )
    return groups


def _own(actor: Actor, rows: QuerySet[M], path: str = "client_id") -> QuerySet[M]:
    return rows if actor.client_id is None else rows.filter(**{path: actor.client_id})


def _each_word(words: str, *fields: str) -> Q:
    """Every word stands in one of the fields."""
    wanted = Q()
    for word in words.split():
        wanted &= Q(*((f"{field}__icontains", word) for field in fields), _connector=Q.OR)
    return wanted


def _client_of(actor: Actor, row: Any) -> str:
    """The client's name, which only staff need to be told."""
    return str(row.client) if actor.client_id is None and row.client_id else ""


def _joined(*parts: str, but: str = "") -> str:
    """Join what there is, each once, and not again what the title says."""
    return " · ".join(part for part in dict.fromkeys(parts) if part and part != but)


def _clients(actor: Actor, words: str, limit: int) -> Iterable[Found]:
    rows = Client.objects.filter(_each_word(words, "name")).order_by("name")[:limit]
    return (Found(one.name, one.get_status_display(), "client_detail", one.pk) for one in rows)


def _records(actor: Actor, words: str, limit: int) -> Iterable[Found]:
    query = word_query(words)
    if query is None:
        return
    rows = _own(actor, CanonicalRecord.objects.filter(version__gt=0)).order_by()
    named = rows.annotate(words=word_vector()).filter(words=query).values("pk")
    printed = rows.filter(PRINTED).annotate(words=printed_vector()).filter(words=query).values("pk")
    # Two queries, since each has an index of its own and one for both would use neither.
    keys = {pk for some in (named, printed) for (pk,) in some.values_list("pk")[:LOOKED_AT]}
    newest = CanonicalRecord.objects.filter(pk__in=keys)
    for one in newest.select_related("client").order_by("-changed_at", "-pk")[:limit]:
        kind = SCHEMAS[one.type].label if one.type in SCHEMAS else one.type
        number = str(one.data.get("external_number") or "")
        title = str(one)
        text = _joined(kind, number, one.key, one.engagement, _client_of(actor, one), but=title)
        yield Found(title, text, "record_detail", one.pk)


def _engagements(actor: Actor, words: str, limit: int) -> Iterable[Found]:
    query = word_query(words)
    if query is None:
        return
    mine = _own(actor, CanonicalRecord.objects.all())
    heads = mine.filter(type__in=HEADS).annotate(words=word_vector()).filter(words=query)
    matches = CanonicalRecord.objects.filter(pk__in=heads.order_by().values("pk")[:LOOKED_AT])
    rows = engagements(matches).select_related("client").order_by("-changed_at", "-pk")
    for one in rows[:limit]:
        title = str(one)
        text = _joined(one.engagement, one.key, _client_of(actor, one), but=title)
        yield Found(title, text, "engagement_detail", one.pk)


def _exceptions(actor: Actor, words: str, limit: int) -> Iterable[Found]:
    is_open = Case(
        When(state__in=sorted(ISSUE.open), then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    rows = _own(actor, Issue.objects.filter(_each_word(words, "title")))
    for one in rows.select_related("client").order_by(is_open, "-last_at")[:limit]:
        text = _joined(one.get_state_display(), _client_of(actor, one))
        yield Found(one.title, text, "exception_detail", one.pk)


def _workflows(actor: Actor, words: str, limit: int) -> Iterable[Found]:
    rows = _own(actor, Workflow.objects.filter(_each_word(words, "name", "client__name")))
    for one in rows.select_related("client").order_by("name", "pk")[:limit]:
        text = _joined(one.get_state_display(), _client_of(actor, one))
        yield Found(one.name, text, "workflow_detail", one.pk)


def _connections(actor: Actor, words: str, limit: int) -> Iterable[Found]:
    rows = _own(actor, Connection.objects.filter(_each_word(words, "name", "client__name")))
    for one in rows.select_related("client").order_by("name", "pk")[:limit]:
        text = _joined(one.get_state_display(), _client_of(actor, one))
        yield Found(one.name, text, "connection_detail", one.pk)


def _people(actor: Actor, words: str, limit: int) -> Iterable[Found]:
    rows = _own(actor, User.objects.filter(_each_word(words, "name", "email")))
    for one in rows.select_related("client").order_by("name", "pk")[:limit]:
        text = _joined(one.email, _client_of(actor, one))
        yield Found(str(one), text, "person_detail", one.pk)


_KINDS: Final = (
    _Kind("Clients", "clients.view", "client_list", _clients, for_clients=False),
    _Kind("Exceptions", "exceptions.view", "exception_list", _exceptions),
    _Kind("Engagements", "records.view", "engagement_list", _engagements),
    _Kind("Records", "records.view", "record_list", _records),
    _Kind("Workflows", "workflows.view", "workflow_list", _workflows),
    _Kind("Connections", "connections.view", "connection_list", _connections, for_clients=False),
    _Kind("People", "users.manage", "person_list", _people),
)
