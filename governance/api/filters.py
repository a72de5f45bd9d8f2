"""What a list of the API is narrowed by."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from django.db.models import Model
from rest_framework import serializers, viewsets
from rest_framework.request import Request

M = TypeVar("M", bound=Model)

# Every list has these beside its filters.
PAGING: Final = frozenset({"cursor", "page_size", "format"})


class KnownFilters(serializers.Serializer[object]):
    """What is no filter here is refused: a program that believes it has narrowed a list would
    take everything for its answer."""

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        """Refuse parameters that this list does not know."""
        strange = sorted(set(self.initial_data) - set(self.fields) - PAGING)
        if strange:
            known = f"It has: {', '.join(sorted(self.fields))}." if self.fields else "It has none."
            raise serializers.ValidationError(
                dict.fromkeys(strange, f"This list has no such filter. {known}")
            )
        return attrs


class FilteredViewSet(viewsets.GenericViewSet[M]):
    """A view set whose list refuses what is no filter of its own (400, naming each).

    `filters`: what the list is narrowed by. `asked`: the look-ups that a call to the list asks
    for, by the names of the filters' sources; none in other calls.
    """

    filters: type[KnownFilters] = KnownFilters
    asked: Mapping[str, Any] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the filters once it is known that the caller may read the list."""
        super().initial(request, *args, **kwargs)
        if self.action == "list":
            asked = self.filters(data=request.query_params)
            asked.is_valid(raise_exception=True)
            self.asked = dict(asked.validated_data)
