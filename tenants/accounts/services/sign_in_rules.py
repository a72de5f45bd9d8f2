"""What this partner asks of people who sign in: which roles need a second factor."""

from collections.abc import Iterable

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actors import Actor
from governance.services import audit
from tenants.accounts import actions
from tenants.accounts.models import SignInRules, User
from tenants.accounts.services.roles import known_roles
from tenants.accounts.services.second_factors import has_factor

_ONLY = 1
_CACHE, _CACHE_SECONDS = "sign-in-rules", 5


def current_rules() -> SignInRules:
    """Return the partner's rules; nothing is asked for until somebody says so."""
    return SignInRules.objects.filter(pk=_ONLY).first() or SignInRules(pk=_ONLY)


def needs_factor(user: User) -> bool:
    """Say whether a role that somebody holds needs a second factor; of an operator, whether
    the installation asks for it."""
    if user.kind == User.Kind.OPERATOR:
        return bool(settings.OPERATOR_SECOND_FACTOR)
    roles = user.roles
    return bool(roles) and not _factor_roles().isdisjoint(roles)


def _factor_roles() -> frozenset[str]:
    """The roles that need a second factor, asked for on every page; seconds old at most."""
    known: frozenset[str] | None = cache.get(_CACHE)
    if known is None:
        known = frozenset(current_rules().factor_roles)
        cache.set(_CACHE, known, _CACHE_SECONDS)
    return known


def must_set_up(user: User) -> bool:
    """Say whether somebody needs a second factor and has none."""
    return needs_factor(user) and not has_factor(user)


@transaction.atomic
def change_rules(actor: Actor, *, factor_roles: Iterable[str]) -> None:
    """Set which roles need a second factor; it holds within seconds."""
    actor.require("users.manage", None)
    wanted = sorted(set(factor_roles))
    known = {role.key for of_client in (False, True) for role in known_roles(of_client=of_client)}
    if unknown := [role for role in wanted if role not in known]:
        raise ValidationError({"factor_roles": f"{', '.join(unknown)} is no role here."})
    rules = current_rules()
    before = rules.factor_roles
    if wanted == before:
        return
    rules.factor_roles = wanted
    rules.save()
    cache.delete(_CACHE)
    transaction.on_commit(lambda: cache.delete(_CACHE))
    audit.record(
        actions.SIGN_IN_RULES_CHANGED,
        object_kind="sign_in_rules",
        object_id=_ONLY,
        object_label="Sign-in rules",
        before={"second factor for": before},
        after={"second factor for": wanted},
    )
