"""Who acts: a person, a program, or the product's own machinery."""

from dataclasses import dataclass
from typing import Final, Literal

from governance.errors import NotPermitted

ActorKind = Literal[
    "person", "token", "task", "command", "operator", "support", "system", "anonymous"
]
_MACHINERY: Final = frozenset({"task", "command", "system"})


class _Anywhere:
    """The type of `ANYWHERE`."""


ANYWHERE: Final = _Anywhere()


@dataclass(frozen=True)
class Actor:
    """Someone or something that acts, with what it may do.

    kind: person, token, task, command, operator, support (an operator under a partner's
        grant), system, or anonymous (nobody signed in).
    id: the user's or token's primary key, for support the grant's; None for machinery.
    label: how people are to recognise it; kept in the audit trail when the row is gone.
    client_id: set for a client's own people and programs, which reach only that client.
    permissions: permission strings such as "changes.approve".
    person_id: the person behind a token (its creator), so that nobody signs through one.
    """

    kind: ActorKind
    id: int | None
    label: str
    client_id: int | None = None
    permissions: frozenset[str] = frozenset()
    person_id: int | None = None

    @property
    def user_id(self) -> int | None:
        """The user who answers for what this actor does, where there is one."""
        return self.id if self.kind == "person" else self.person_id

    def reaches(self, client_id: int | None) -> bool:
        """Say whether rows of this client (None: the partner's own) are this actor's at all."""
        return self.client_id is None or self.client_id == client_id

    def can(self, permission: str, client_id: int | _Anywhere | None = ANYWHERE) -> bool:
        """Say whether the actor holds `permission`.

        Pass the object's `client_id`, None included, whenever there is an object: a client's
        actor is then refused for any other client's rows and for the partner's own. Without
        it the answer is for a door only: "may they come in here at all".
        """
        if not isinstance(client_id, _Anywhere) and not self.reaches(client_id):
            return False
        return self.kind in _MACHINERY or permission in self.permissions

    def require(self, permission: str, client_id: int | _Anywhere | None = ANYWHERE) -> None:
        """Raise NotPermitted unless `can` says yes."""
        if not self.can(permission, client_id):
            raise NotPermitted(f"{self.label} may not do this: {permission} is needed.")


SYSTEM: Final = Actor(kind="system", id=None, label="System")
ANONYMOUS: Final = Actor(kind="anonymous", id=None, label="Nobody signed in")


def task_actor(name: str) -> Actor:
    """Return the actor of a background task; it may do everything."""
    return Actor(kind="task", id=None, label=name)


def command_actor(name: str) -> Actor:
    """Return the actor of a command on the server; it may do everything."""
    return Actor(kind="command", id=None, label=name)
