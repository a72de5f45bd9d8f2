"""What the API's view sets of clients' rows share: the token's own client only, and a filter."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from rest_framework import serializers

from governance.actors import Actor
from governance.api.filters import FilteredViewSet, KnownFilters
from governance.requests import actor_of

M = TypeVar("M", bound=Model)


class ListFilters(KnownFilters):
    """What a list can be narrowed by. A field's `source` is the look-up that it stands for."""

    client = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        source="client_id",
        help_text="Only of this client; a client's own token sees no other anyway.",
    )


class ClientScopedViewSet(FilteredViewSet[M]):
    """A client's token sees that client's rows, so a foreign id is a 404.

    `client_path` is the look-up from the model to its client. `required` maps each action to its
    scope.
    """

    filters: type[KnownFilters] = ListFilters
    client_path = "client_id"
    required: dict[str, str] = {}
    lookup_value_regex = "[0-9]{1,18}"

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return actor_of(self.request._request)

    def get_queryset(self) -> QuerySet[M]:
        return self.own(super().get_queryset()).filter(**self.asked)

    def own(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Return those that the caller's token may know of."""
        own = self.actor.client_id
        return rows if own is None else rows.filter(**{self.client_path: own})
