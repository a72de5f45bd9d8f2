"""System checks: what must hold for partners to be kept apart, found before a request is.

Identifiers are `tenants.E…` (the process must not serve) and `tenants.W…` (weaker).
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections, models
from django.urls import URLPattern, URLResolver, get_resolver

from tenants.postgres import roles
from tenants.postgres.pooler import REFUSAL, mixes_sessions, plain_parameters

KEY_FUNCTION = "django_tenants.cache.make_key"
FRAMEWORK_COOKIES = {"sessionid", "csrftoken", "messages"}
PARTNER_URLCONFS = ("config.urls_admin", "config.urls_portal")
Apps = Sequence[AppConfig] | None


def longest_wait(cluster: Mapping[str, Any]) -> int:
    """Return the seconds a dequeued task can take until it ends, by django-q2's settings.

    The retry clock starts at dequeue, and a dequeued task waits behind those before it.
    """
    ahead = int(cluster["queue_limit"]) + int(cluster["bulk"])
    return int(cluster["timeout"]) * (1 + math.ceil(ahead / int(cluster["workers"])))


@register("tenants")
def check_retry_rule(app_configs: Apps, **kwargs: object) -> list[CheckMessage]:
    """A task must not be handed out again while it can still run."""
    cluster: Mapping[str, Any] = settings.Q_CLUSTER
    if cluster["retry"] > longest_wait(cluster):
        return []
    return [
        Error(
            f"Q_CLUSTER['retry'] is {cluster['retry']}, so a slow task runs twice.",
            hint=f"It must be more than {longest_wait(cluster)}: "
            "timeout × (1 + ⌈(queue_limit + bulk) / workers⌉).",
            id="tenants.E001",
        )
    ]


@register("tenants")
def check_queue_is_public(app_configs: Apps, **kwargs: object) -> list[CheckMessage]:
    """The queue, and Django's own users and types, live in the public schema alone."""
    public_only = ("django_q", "django.contrib.auth", "django.contrib.contenttypes")
    wrong = [
        name
        for name in (*public_only, "django.contrib.admin", "tenants")
        if name in settings.TENANT_APPS or name not in settings.SHARED_APPS
    ]
    return [
        Error(
            f"{name} must be in SHARED_APPS and not in TENANT_APPS.",
            hint="A partner could reach the tables of all, or hold foreign keys into public.",
            id="tenants.E002",
        )
        for name in wrong
    ]


@register("tenants")
def check_people_are_private(app_configs: Apps, **kwargs: object) -> list[CheckMessage]:
    """People, sessions and audit entries are every partner's own."""
    return [
        Error(
            f"{name} must be in TENANT_APPS.",
            hint="Its rows would be shared by all partners.",
            id="tenants.E003",
        )
        for name in ("tenants.accounts", "django.contrib.sessions", "governance")
        if name not in settings.TENANT_APPS
    ]


@register("tenants")
def check_cookies(app_configs: Apps, **kwargs: object) -> list[CheckMessage]:
    """Cookies belong to one host, are out of scripts' reach, and bear neutral names."""
    found: list[CheckMessage] = []
    for kind in ("SESSION", "CSRF"):
        name = str(getattr(settings, f"{kind}_COOKIE_NAME"))
        if getattr(settings, f"{kind}_COOKIE_DOMAIN"):
            found.append(_cookie_error(f"{kind}_COOKIE_DOMAIN must be unset", "sent to others"))
        if not getattr(settings, f"{kind}_COOKIE_HTTPONLY"):
            found.append(_cookie_error(f"{kind}_COOKIE_HTTPONLY must be on", "open to scripts"))
        if getattr(settings, f"{kind}_COOKIE_SAMESITE") not in {"Lax", "Strict"}:
            found.append(_cookie_error(f"{kind}_COOKIE_SAMESITE must be Lax", "sent across sites"))
        if name in FRAMEWORK_COOKIES:
            found.append(_cookie_error(f"{kind}_COOKIE_NAME must be neutral", "named by library"))
        if settings.PRODUCTION and not (
            getattr(settings, f"{kind}_COOKIE_SECURE") and name.startswith("__Host-")
        ):
            found.append(_cookie_error(f"{kind}_COOKIE must be secure", "sent without TLS"))
    return found


def _cookie_error(rule: str, otherwise: str) -> Error:
    return Error(f"{rule}; else a partner's cookie is {otherwise}.", id="tenants.E004")


@register("tenants")
def check_cache_keys(app_configs: Apps, **kwargs: object) -> list[CheckMessage]:
    """Every cache key carries the schema."""
    return [
        Error(
            f"CACHES[{alias!r}] has no KEY_FUNCTION {KEY_FUNCTION!r}.",
            hint="Without it one partner reads what another partner's request has cached.",
            id="tenants.E005",
        )
        for alias, cache in settings.CACHES.items()
        if cache.get("KEY_FUNCTION") != KEY_FUNCTION
    ]


@register("tenants")
def check_connection_settings(app_configs: Apps, **kwargs: object) -> list[CheckMessage]:
    """Settings of the connection that would let a schema stick or a transaction span."""
    database: Mapping[str, Any] = settings.DATABASES["default"]
    rules = (
        (
            not getattr(settings, "TENANT_LIMIT_SET_CALLS", False),
            "TENANT_LIMIT_SET_CALLS must be off: it keeps an old schema selected",
        ),
        (
            not database.get("OPTIONS", {}).get("pool"),
            "OPTIONS['pool'] must be off: its sockets are shared over fork in the workers",
        ),
        (
            not database.get("ATOMIC_REQUESTS"),
            "ATOMIC_REQUESTS must be off: provisioning works on two connections",
        ),
        (
            settings.DATABASE_ROUTERS == ["django_tenants.routers.TenantSyncRouter"],
            "DATABASE_ROUTERS must be the tenant router alone",
        ),
    )
    return [Error(f"{rule}.", id="tenants.E006") for holds, rule in rules if not holds]


def _models_of(names: Sequence[str]) -> Iterator[type[models.Model]]:
    configs = {config.name: config for config in apps.get_app_configs()}
    for name in names:
        yield from configs[name].get_models(include_auto_created=True)


@register("tenants")
def check_no_way_into_public(app_configs: Apps, **kwargs: object) -> list[CheckMessage]:
    """No table of a partner refers to a public one, so that one partner can move alone."""
    return [
        Error(
            f"{model._meta.label}.{field.name} refers to {field.related_model._meta.label}, "
            "which lies in the public schema.",
            id="tenants.E007",
        )
        for model in _models_of(settings.TENANT_APPS)
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
        and isinstance(field.related_model, type)
        and field.related_model._meta.app_config.name not in settings.TENANT_APPS
    ]


@register("tenants")
def check_table_names(app_configs: Apps, **kwargs: object) -> list[CheckMessage]:
    """A name in both kinds of schema is one app's in both, never two apps' by accident."""
    public = {model._meta.db_table: model._meta.label for model in _models_of(settings.SHARED_APPS)}
    return [
        Error(
            f"{model._meta.label} and {public[model._meta.db_table]} share the table name "
            f"{model._meta.db_table!r}.",
            id="tenants.E008",
        )
        for model in _models_of(settings.TENANT_APPS)
        if public.get(model._meta.db_table, model._meta.label) != model._meta.label
    ]


def _sites_in(patterns: Sequence[URLPattern | URLResolver]) -> Iterator[AdminSite]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _sites_in(pattern.url_patterns)
        else:
            site = getattr(pattern.callback, "admin_site", None)
            if isinstance(site, AdminSite):
                yield site


def _sites_of(urlconf: str) -> set[AdminSite]:
    return set(_sites_in(get_resolver(urlconf).url_patterns))


@register(Tags.urls)
def check_admin_sites(app_configs: Apps, **kwargs: object) -> list[CheckMessage]:
    """Operators' and partners' admin sites are two, and neither is the default one.

    On the default site every installed app registers itself: there, a partner's owner
    could list all partners, or queue a task that calls anything.
    """
    public = _sites_of(settings.PUBLIC_SCHEMA_URLCONF)
    partners = {site for urlconf in PARTNER_URLCONFS for site in _sites_of(urlconf)}
    found: list[CheckMessage] = []
    if admin.site in public | partners:
        found.append(Error("The default admin site is in a URL conf.", id="tenants.E009"))
    if public & partners:
        found.append(Error("Operators and partners share an admin site.", id="tenants.E009"))
    found.extend(
        Error(
            f"The partners' admin site shows {model._meta.label}, which is not theirs.",
            id="tenants.E009",
        )
        for site in partners
        for model in site._registry
        if model._meta.app_config.name not in settings.TENANT_APPS
    )
    return found


@register("tenants")
def check_roles(app_configs: Apps, **kwargs: object) -> list[CheckMessage]:
    """One role works, two are safer."""
    return [CheckWarning(text, id="tenants.W001") for text in roles.weaknesses()]


@register(Tags.database)
def check_pooler(
    app_configs: Apps, databases: Sequence[str] | None = None, **kwargs: object
) -> list[CheckMessage]:
    """A transaction-mode pooler mixes partners. The first connection refuses it too."""
    if not databases or not settings.DATABASE_URL:
        return []
    try:
        params = connections["default"].get_connection_params()
        mixed = mixes_sessions(plain_parameters(params))
    except (OperationalError, ImproperlyConfigured):
        return []  # the command that needs the database says why it can't be had
    return [Error(REFUSAL, id="tenants.E010")] if mixed else []


CHECKS: tuple[Callable[..., list[CheckMessage]], ...] = (
    check_retry_rule,
    check_queue_is_public,
    check_people_are_private,
    check_cookies,
    check_cache_keys,
    check_connection_settings,
    check_no_way_into_public,
    check_table_names,
    check_roles,
)
