"""From a signed-in person or a token to the actor that services ask."""

from governance.actors import Actor, ActorKind
from tenants.accounts.models import ApiToken, User

# The narrowest column that keeps a label. Name and address together can be longer.
LABEL_LENGTH = 160


def actor_for(user: User) -> Actor:
    """Return the actor of a person: their permissions, limited to their client if any."""
    kind: ActorKind = "operator" if user.kind == User.Kind.OPERATOR else "person"
    return Actor(
        kind=kind,
        id=user.pk,
        label=f"{user.name} <{user.email}>"[:LABEL_LENGTH],
        client_id=user.client_id,
        permissions=user.permissions,
    )


def actor_for_token(token: ApiToken) -> Actor:
    """Return the actor of a token: its scopes that its maker still holds."""
    return Actor(
        kind="token",
        id=token.pk,
        label=f"{token.name} ({token.prefix}…)",
        client_id=token.client_id,
        permissions=frozenset(token.scopes) & token.user.permissions,
        person_id=token.user_id,
    )
