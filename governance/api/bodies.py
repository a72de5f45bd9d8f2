"""What a program may send in a body."""

from collections.abc import Mapping
from typing import Any, TypeVar

from rest_framework import serializers

T = TypeVar("T")


class KnownFields(serializers.Serializer[T]):
    """What is no field here is refused, each by name: a program that misspells one would believe
    that it was taken. Every serializer that reads a body has this before its other bases."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse fields that are not known, and those that can only be read."""
        if isinstance(data, Mapping):
            open_ = {name for name, one in self.fields.items() if not one.read_only}
            told = {
                str(name): _told(name in self.fields, sorted(open_))
                for name in data
                if name not in open_
            }
            if told:
                raise serializers.ValidationError(told)
        return super().to_internal_value(data)


def _told(known: bool, names: list[str]) -> str:
    if known:
        return "This cannot be changed here."
    return f"There is no such field here. There are: {', '.join(names)}."
