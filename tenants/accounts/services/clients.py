"""Adding and changing a partner's clients."""

import re
from zoneinfo import available_timezones

from django.conf.locale import LANG_INFO
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from governance.actors import Actor
from governance.currencies import CODES, UNKNOWN
from governance.services import audit
from governance.twins import refusing_twins
from tenants.accounts import actions
from tenants.accounts.models import Client
from tenants.accounts.names import plain_name
from tenants.nouns import in_words

# The framework knows the forms of these and of their regions ("en" covers "en-ie").
LANGUAGES = frozenset(LANG_INFO)
EDITABLE = ("name", "time_zone", "currency", "locale", "status")


def client_names(ids: frozenset[int]) -> dict[int, str]:
    """Return the names of these clients; ids of other partners' clients are not there."""
    return dict(Client.objects.filter(pk__in=ids).values_list("pk", "name"))


def all_clients() -> dict[int, str]:
    """Return the names of all clients that have not left, for people to choose from."""
    here = Client.objects.exclude(status=Client.Status.LEFT)
    return dict(here.order_by("name").values_list("pk", "name"))


def _known_locale(locale: str) -> bool:
    """Whether it is a language, or a language with a region of two letters."""
    language, sign, region = locale.partition("-")
    if locale in LANGUAGES or (language in LANGUAGES and not sign):
        return True
    return language in LANGUAGES and re.fullmatch(r"[a-z]{2}", region) is not None


def _validated(client: Client) -> Client:
    if client.time_zone not in available_timezones():
        raise ValidationError(
            {"time_zone": f"{client.time_zone!r} is no time zone; use one such as Europe/London."}
        )
    client.currency = client.currency.upper()
    if client.currency not in CODES:
        raise ValidationError({"currency": UNKNOWN})
    if client.locale and not _known_locale(client.locale):
        raise ValidationError(
            {"locale": f"{client.locale[:12]!r} is no locale; use one such as en-gb or de."}
        )
    client.name = plain_name(client.name)
    client.full_clean()
    return client


def _name_taken() -> ValidationError:
    return ValidationError({"name": in_words("There is a client of that name already.")})


def _require_own_name(client: Client) -> None:
    """Lists and choices show the name alone: two of one name could not be told apart."""
    if Client.objects.exclude(pk=client.pk).filter(name__iexact=client.name).exists():
        raise _name_taken()


def _free_slug(name: str) -> str:
    base = slugify(name)[:50] or "client"
    slug, number = base, 1
    while Client.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{base}-{number}"
    return slug


@transaction.atomic
def add_client(
    actor: Actor,
    *,
    name: str,
    time_zone: str = "UTC",
    currency: str = "EUR",
    locale: str = "",
) -> Client:
    """Add a client. Raises NotPermitted, or ValidationError that names the field."""
    actor.require("clients.manage")
    client = _validated(
        Client(
            name=name.strip(),
            slug=_free_slug(name),
            time_zone=time_zone,
            currency=currency,
            locale=locale,
        )
    )
    _require_own_name(client)
    with refusing_twins(_name_taken()):
        client.save()
    audit.record(
        actions.CLIENT_ADDED,
        object_kind="client",
        object_id=client.pk,
        object_label=client.name,
        client_id=client.pk,
        after={field: getattr(client, field) for field in EDITABLE},
    )
    return client


@transaction.atomic
def change_client(actor: Actor, client: Client, **values: str) -> Client:
    """Change the fields of `EDITABLE`; writes nothing when all are as before."""
    actor.require("clients.manage", client.pk)
    unknown = set(values) - set(EDITABLE)
    if unknown:
        raise ValidationError(f"{in_words('A client has no field')} {', '.join(sorted(unknown))}.")
    locked = Client.objects.select_for_update().get(pk=client.pk)
    before = {field: getattr(locked, field) for field in values}
    for field, value in values.items():
        setattr(locked, field, value)
    _validated(locked)
    if locked.name != before.get("name", locked.name):
        _require_own_name(locked)
    after = {field: getattr(locked, field) for field in values}
    if after != before:
        locked.save()
        audit.record(
            actions.CLIENT_CHANGED,
            object_kind="client",
            object_id=locked.pk,
            object_label=locked.name,
            client_id=locked.pk,
            before=before,
            after=after,
        )
    return locked
