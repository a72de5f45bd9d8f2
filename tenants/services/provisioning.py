"""Setting up a partner: schema, hosts, first owner, starting content; all of it or nothing."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from governance.actors import Actor
from governance.services import audit
from tenants import actions
from tenants.accounts.mail import password_link
from tenants.accounts.services.people import add_person
from tenants.context import public_scope, schema_scope
from tenants.domains.state import HELD
from tenants.models import Domain, Partner, Wakeup
from tenants.postgres import schemas
from tenants.services import starting_content, template
from tenants.services.hosts import HostDraft, checked_host
from tenants.services.owner_invitation import Provisioned
from tenants.services.tables import missing_tables

logger = logging.getLogger(__name__)

SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_SLUG = 40
RESERVED = frozenset(
    {
        *("admin", "api", "app", "assets", "auth", "console", "dashboard", "docs", "files"),
        *("ftp", "help", "imap", "login", "localhost", "mail", "media", "ns1", "ns2"),
        *("operator", "operators", "pop", "portal", "postgres", "public", "root", "smtp"),
        *("static", "status", "support", "system", "template", "test", "webmail", "www"),
    }
)


class ProvisioningError(Exception):
    """The partner could not be set up; nothing is left of the attempt. Try again."""


@dataclass(frozen=True)
class _Draft:
    name: str
    slug: str
    owner_email: str
    owner_name: str
    hosts: tuple[HostDraft, ...]

    @property
    def schema(self) -> str:
        return schema_of(self.slug)


def schema_of(slug: str) -> str:
    """Return the schema's name of a slug: never a keyword, never in need of quotes."""
    return f"p_{slug.replace('-', '_')}"


def platform_hosts(slug: str) -> tuple[HostDraft, ...]:
    """Return the two hosts that every partner gets under the platform's own domain."""
    zone = settings.PLATFORM_DOMAIN
    return (
        HostDraft(f"admin.{slug}.{zone}", Domain.Kind.ADMIN, is_primary=True),
        HostDraft(f"{slug}.{zone}", Domain.Kind.PORTAL, is_primary=True),
    )


def _slug_problem(slug: str) -> str:
    if not SLUG.fullmatch(slug) or len(slug) > LONGEST_SLUG:
        return (
            f"Use 1 to {LONGEST_SLUG} small letters, digits and single hyphens, "
            "beginning with a letter."
        )
    if slug in RESERVED:
        return f"{slug!r} is reserved; choose another."
    if Partner.objects.filter(slug=slug).exists():
        return f"{slug!r} is taken; choose another."
    return ""


def _checked(
    name: str, slug: str, owner_email: str, owner_name: str, extra: Sequence[HostDraft]
) -> _Draft:
    """Return what was asked for, cleaned. Raises ValidationError, by field."""
    problems: dict[str, list[str]] = {}
    slug = slug.strip().lower()
    if problem := _slug_problem(slug):
        problems["slug"] = [problem]
    for field, value in (("name", name), ("owner_name", owner_name)):
        if not value.strip():
            problems[field] = ["Fill this in."]
        elif len(value.strip()) > 120:
            problems[field] = ["Use at most 120 characters."]
    try:
        validate_email(owner_email.strip())
    except ValidationError as error:
        problems["owner_email"] = list(error.messages)
    hosts = list(platform_hosts(slug)) if "slug" not in problems else []
    for draft in extra:
        hosts.append(HostDraft(draft.host.strip().lower(), draft.kind, is_primary=draft.is_primary))
    for draft in hosts:
        try:
            checked_host(draft.host)
        except ValidationError as error:
            problems.setdefault("hosts", []).extend(error.messages)
    if problems:
        raise ValidationError(problems)
    return _Draft(name.strip(), slug, owner_email.strip().lower(), owner_name.strip(), tuple(hosts))


def _make_schema(owner: schemas.Connection, schema: str) -> None:
    script = template.script_for(schema)
    schemas.make_schema(owner, schema, script or "")
    if script is None:
        template.migrate_schema(schema)
    lacking = missing_tables([schema]).get(schema)
    if lacking:
        raise ProvisioningError(f"Tables are missing in the new schema: {', '.join(lacking)}.")


def _write_rows(actor: Actor, draft: _Draft) -> Provisioned:
    """Write the partner's rows in both schemas; the caller holds the transaction."""
    partner = Partner.objects.create(
        schema_name=draft.schema, slug=draft.slug, name=draft.name, status=Partner.Status.ACTIVE
    )
    Domain.objects.bulk_create(
        Domain(
            domain=host.host,
            tenant=partner,
            is_primary=host.is_primary,
            kind=host.kind,
            state=host.state,
            is_vouched=True,
        )
        for host in draft.hosts
    )
    Wakeup.objects.update_or_create(schema_name=draft.schema, defaults={"due_at": None})
    audit.record(
        actions.PARTNER_PROVISIONED,
        object_kind="partner",
        object_id=partner.pk,
        object_label=partner.name,
        after={"slug": draft.slug, "hosts": [host.host for host in draft.hosts]},
    )
    with schema_scope(draft.schema):
        # The operator has no permission inside a partner; setting one up is the
        # machinery's work, and the audit trail still names the operator.
        builder = Actor(kind="system", id=None, label=actor.label)
        owner = add_person(builder, email=draft.owner_email, name=draft.owner_name, roles=["owner"])
        starting_content.fill(builder, partner)
        link = password_link(owner)
    return Provisioned(partner, owner.email, link)


def _take_back(owner: schemas.Connection, schema: str) -> None:
    try:
        schemas.drop_schema(owner, schema)
    except Exception:
        # It bears the unfinished mark: the next attempt or `doctor` removes it.
        logger.exception("The schema %s of a failed set-up could not be dropped", schema)


def provision_partner(
    actor: Actor,
    *,
    name: str,
    slug: str,
    owner_email: str,
    owner_name: str,
    hosts: Sequence[HostDraft] = (),
) -> Provisioned:
    """Set up a partner and return it with the link for its first owner (not yet sent).

    hosts: further host names beside the two under the platform's domain.
    Raises NotPermitted, ValidationError by field, ProvisioningError. Not to be called in a
    transaction: the schema is made on a connection of its own.
    """
    actor.require("partners.manage")
    with public_scope():
        draft = _checked(name, slug, owner_email, owner_name, hosts)
        try:
            with schemas.schema_work(draft.schema) as owner:
                return _provision_locked(actor, draft, owner)
        except schemas.SchemaBusyError as error:
            raise ValidationError(
                {"slug": f"{draft.slug!r} is being set up just now; wait a moment."}
            ) from error


def _provision_locked(actor: Actor, draft: _Draft, owner: schemas.Connection) -> Provisioned:
    # Whoever held the lock before us may have just finished the same name.
    if problem := _slug_problem(draft.slug):
        raise ValidationError({"slug": problem})
    try:
        _make_schema(owner, draft.schema)
        # Only a commit makes the schema a partner's: until then it bears the unfinished mark.
        with transaction.atomic(durable=True):
            made = _write_rows(actor, draft)
            transaction.on_commit(partial(schemas.finish_schema, owner, draft.schema), robust=True)
    except schemas.SchemaExistsError as error:
        raise ValidationError(
            {"slug": f"A schema {draft.schema} exists that belongs to no partner; choose another."}
        ) from error
    except IntegrityError as error:
        _take_back(owner, draft.schema)
        # Two names can ask for the same host at the same moment; anything else is a fault.
        names = [host.host for host in draft.hosts]
        taken = Domain.objects.filter(domain__in=names, state__in=HELD)
        if taken.exists():
            raise ValidationError({"hosts": "One of the hosts was taken just now."}) from error
        raise ProvisioningError("The partner's rows were refused; see the log.") from error
    except BaseException:
        _take_back(owner, draft.schema)
        raise
    return made
