"""What every API view set shares: rows of the token's own client only."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from rest_framework import viewsets

from governance.actors import Actor
from governance.requests import actor_of

M = TypeVar("M", bound=Model)


class ClientScopedViewSet(viewsets.GenericViewSet[M]):
    """A client's token sees that client's rows, so a foreign id is a 404.

    `client_path` is the look-up from the model to its client. `?client=<id>` narrows the
    list for the partner's own tokens. `required` maps each action to its scope.
    """

    client_path = "client_id"
    required: dict[str, str] = {}
    lookup_value_regex = "[0-9]{1,18}"

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return actor_of(self.request._request)

    def get_queryset(self) -> QuerySet[M]:
        rows = super().get_queryset()
        if self.actor.client_id is not None:
            return rows.filter(**{self.client_path: self.actor.client_id})
        wanted = self.request.query_params.get("client", "")
        return rows.filter(**{self.client_path: int(wanted)}) if wanted.isdecimal() else rows
