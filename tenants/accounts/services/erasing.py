"""Erases a person: what their account says of them, and what the audit trail says."""

from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actors import Actor
from governance.services.subjects import erase_subject
from tenants.accounts.models import ExternalIdentity, RoleGrant, User
from tenants.accounts.services.sessions import end_all
from tenants.accounts.subjects import subject_of

ERASED_NAME = "Erased person"


@transaction.atomic
def erase_person(actor: Actor, user: User) -> None:
    """Make an account nobody's, for good. It has to be closed before: raises ValidationError.

    The row stays, since changes and signatures name it by its number; name, address, factors,
    roles and sign-in links go. Signatures under changes keep the name that they were given with.
    """
    actor.require("users.manage", user.client_id)
    if user.is_active:
        raise ValidationError(
            f"The account of {user.email} is open. Close it first, then erase the person."
        )
    end_all(actor, user)
    Authenticator.objects.filter(user=user).delete()
    ExternalIdentity.objects.filter(user=user).delete()
    RoleGrant.objects.filter(user=user).delete()
    user.name, user.email = ERASED_NAME, f"erased-{user.pk}@erased.invalid"
    user.locale = user.time_zone = ""
    user.set_unusable_password()
    user.save()
    subject = subject_of("user", user.pk)
    assert subject is not None
    erase_subject(actor, subject, client_id=user.client_id)
