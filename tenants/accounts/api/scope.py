"""What every API view set shares: rows of the token's own client only, and its list's filters."""

from typing import Final, TypeVar

from django.db.models import Model, QuerySet
from rest_framework import serializers, viewsets

from governance.actors import Actor
from governance.requests import actor_of

M = TypeVar("M", bound=Model)
# Every list has these beside its filters.
PAGING: Final = frozenset({"cursor", "page_size", "format"})


class ListFilters(serializers.Serializer[object]):
    """What a list can be narrowed by. A field's `source` is the look-up that it stands for.

    What is no filter here is refused: a program that believes it has narrowed a list would take
    everything for its answer.
    """

    client = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        source="client_id",
        help_text="Only of this client; a client's own token sees no other anyway.",
    )

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        """Refuse parameters that this list does not know."""
        strange = sorted(set(self.initial_data) - set(self.fields) - PAGING)
        if strange:
            known = ", ".join(sorted(self.fields))
            raise serializers.ValidationError(
                dict.fromkeys(strange, f"This list has no such filter. It has: {known}.")
            )
        return attrs


class ClientScopedViewSet(viewsets.GenericViewSet[M]):
    """A client's token sees that client's rows, so a foreign id is a 404.

    `client_path` is the look-up from the model to its client. `?client=<id>` narrows the
    list for the partner's own tokens. `required` maps each action to its scope. `filters`: what
    else the list is narrowed by.
    """

    filters: type[ListFilters] | None = None

    client_path = "client_id"
    required: dict[str, str] = {}
    lookup_value_regex = "[0-9]{1,18}"

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return actor_of(self.request._request)

    def get_queryset(self) -> QuerySet[M]:
        rows = super().get_queryset()
        if self.filters is not None:
            return self._own(rows).filter(**self._asked())
        if self.actor.client_id is not None:
            return rows.filter(**{self.client_path: self.actor.client_id})
        wanted = self.request.query_params.get("client", "")
        return rows.filter(**{self.client_path: int(wanted)}) if wanted.isdecimal() else rows

    def _own(self, rows: QuerySet[M]) -> QuerySet[M]:
        own = self.actor.client_id
        return rows if own is None else rows.filter(**{self.client_path: own})

    def _asked(self) -> dict[str, object]:
        """Return the list's filters as look-ups. Raises ValidationError (400), naming each."""
        if self.filters is None or self.action != "list":
            return {}
        asked = self.filters(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)
