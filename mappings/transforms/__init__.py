"""The closed registry of steps that a rule may take."""

from collections.abc import Mapping

from mappings.transforms import amounts, choices, dates, texts
from mappings.transforms.base import Param, Step, Transform, TransformError

TRANSFORMS: Mapping[str, Transform] = {
    one.name: one for family in (texts, amounts, dates, choices) for one in family.TRANSFORMS
}


def _checked(transform: Transform, given: Mapping[str, object]) -> dict[str, object]:
    known = {param.name for param in transform.params}
    unknown = set(given) - known
    if unknown:
        raise TransformError(f"{transform.name} has no setting {', '.join(sorted(unknown))}")
    settings: dict[str, object] = {}
    for param in transform.params:
        value = given.get(param.name, param.default)
        if value is None and param.required:
            raise TransformError(f"{transform.name} needs the setting {param.name}")
        if param.type == "integer" and not str(value).lstrip("-").isdecimal():
            raise TransformError(f"{transform.name}: {param.name} is a whole number")
        if param.choices and value not in param.choices:
            raise TransformError(
                f"{transform.name}: {param.name} is one of {', '.join(param.choices)}"
            )
        settings[param.name] = value
    return settings


def build_step(name: str, given: Mapping[str, object]) -> Step:
    """Return the function of one step. Raises TransformError that says what is wrong."""
    if name not in TRANSFORMS:
        raise TransformError(f"there is no step {name[:40]!r}")
    transform = TRANSFORMS[name]
    return transform.build(_checked(transform, given))


__all__ = ["TRANSFORMS", "Param", "Step", "Transform", "TransformError", "build_step"]
