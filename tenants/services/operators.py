"""The people who run the installation; they live in the public schema."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actors import Actor
from governance.services import audit
from tenants import actions
from tenants.accounts.invitations import link_path
from tenants.accounts.models import User
from tenants.accounts.services import second_factors, sessions
from tenants.context import public_scope
from tenants.hosts import base_url


def add_operator(
    actor: Actor, *, email: str, name: str, password: str | None = None
) -> tuple[User, str]:
    """Add an operator; return them with the link that sets a password once.

    Raises NotPermitted, or ValidationError that names the field.
    """
    actor.require("partners.manage")
    if not name.strip():
        raise ValidationError({"name": "Fill this in."})
    with public_scope(), transaction.atomic():
        if password is not None:
            try:
                validate_password(password, User(email=email, name=name))
            except ValidationError as error:
                raise ValidationError({"password": error.messages}) from error
        operator = User.objects.create_user(
            email, password, kind=User.Kind.OPERATOR, name=name.strip()
        )
        audit.record(
            actions.OPERATOR_ADDED,
            object_kind="user",
            object_id=operator.pk,
            object_label=operator.name,
            after={"email": operator.email},
        )
        link = base_url("public", "") + link_path(operator)
    return operator, link


def reset_operator_factors(actor: Actor, email: str, reason: str) -> User:
    """Take all second factors from an operator who lost them, and sign them out everywhere.

    Raises NotPermitted; ValidationError for an address that no operator has, or no reason.
    """
    actor.require("partners.manage")
    with public_scope(), transaction.atomic():
        found = User.objects.filter(email=email.strip().lower(), kind=User.Kind.OPERATOR)
        operator = found.first()
        if operator is None:
            raise ValidationError({"email": "No operator has this address."})
        second_factors.reset(actor, operator, reason)
        sessions.end_all(actor, operator)
    return operator
