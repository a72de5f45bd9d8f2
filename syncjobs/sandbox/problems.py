"""What a system refuses; each system says it in its own words and shapes."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class FieldProblem:
    """One field of the input that is wrong."""

    field: str
    message: str
    code: str = "INVALID"


@dataclass
class Refused(Exception):
    """The request gets an error answer and leaves no effect.

    `code` is one of the neutral codes below; each system maps it to its own.
    """

    status: int
    code: str
    message: str
    fields: tuple[FieldProblem, ...] = ()
    existing: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def unauthorized(message: str) -> Refused:
    """No or wrong credentials."""
    return Refused(401, "unauthorized", message)


def not_found(what: str) -> Refused:
    """There is no such path or record."""
    return Refused(404, "not_found", f"{what} does not exist.")


def invalid(*fields: FieldProblem) -> Refused:
    """Input that fails the checks."""
    first = fields[0]
    return Refused(400, "invalid", f"{first.field} {first.message}", fields)


def duplicate(field_name: str, value: str, existing: str) -> Refused:
    """A unique value is taken."""
    message = f"{field_name} {value!r} is already used by {existing}."
    problem = FieldProblem(field_name, "is already used", "DUPLICATE")
    return Refused(409, "duplicate", message, (problem,), existing)
