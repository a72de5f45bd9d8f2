"""Whether two values say the same, as systems write them: 100 and "100.00" do."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation


def same(one: object, other: object) -> bool:
    """Compare two plain values; a number is the same as its text."""
    try:
        return Decimal(str(one)) == Decimal(str(other))
    except InvalidOperation:
        return one == other


def shows(there: object, ours: object) -> bool:
    """Say whether `there` has all that `ours` has, with the same values; it may have more."""
    if isinstance(ours, Mapping):
        return isinstance(there, Mapping) and all(
            name in there and shows(there[name], value) for name, value in ours.items()
        )
    if isinstance(ours, Sequence) and not isinstance(ours, str):
        return (
            isinstance(there, Sequence)
            and len(there) == len(ours)
            and all(shows(theirs, our) for theirs, our in zip(there, ours, strict=True))
        )
    return same(there, ours)
