"""A choice in what a program sends, whose refusal names what can be chosen."""

from typing import Any, ClassVar, NoReturn

from rest_framework import serializers


class OneOf(serializers.ChoiceField):
    """DRF's field with a message that lists its choices."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid_choice": '"{input}" is none of these: {choices}.'
    }

    def fail(self, key: str, **known: Any) -> NoReturn:
        """Refuse a value. Raises ValidationError."""
        super().fail(key, choices=", ".join(map(str, self.choices)), **known)
