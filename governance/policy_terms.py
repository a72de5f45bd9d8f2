"""What an approval policy says, and whether another says less. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final

MOST_APPROVALS: Final = 5
MOST_DAYS: Final = 365
MOST_HOURS: Final = 365 * 24


@dataclass(frozen=True)
class Terms:
    """The columns of a policy that people set; see `governance.models.Policy`."""

    approvals: int = 1
    approver_roles: tuple[str, ...] = ()
    client_signature: bool = False
    independence_days: int = 14
    auto_apply: bool = True
    impact_required: bool = False
    in_window: bool = False
    expires_after_hours: int | None = 720
    review_within_hours: int | None = None
    solo: bool = False

    def as_json(self) -> dict[str, object]:
        """Return plain JSON."""
        return {**asdict(self), "approver_roles": list(self.approver_roles)}


def terms_from(content: Mapping[str, object]) -> Terms:
    """Return terms from plain JSON; what is missing has its default. Raises ValueError, saying
    in plain words what is out of bounds."""
    known = {one.name for one in fields(Terms)}
    given = {name: value for name, value in content.items() if name in known}
    roles = given.get("approver_roles", ())
    if not isinstance(roles, list | tuple) or any(not isinstance(one, str) for one in roles):
        raise ValueError("Roles are a list of names.")
    given["approver_roles"] = tuple(sorted(set(roles)))
    made = Terms(**given)  # type: ignore[arg-type]  # the bounds are checked next
    _in_bounds(made.approvals, 0, MOST_APPROVALS, "Approvals")
    _in_bounds(made.independence_days, 0, MOST_DAYS, "The days of independence")
    if made.expires_after_hours is not None:
        _in_bounds(made.expires_after_hours, 1, MOST_HOURS, "The hours until a request expires")
    if made.review_within_hours is not None:
        _in_bounds(made.review_within_hours, 1, 30 * 24, "The hours until a review")
    return made


def _in_bounds(value: object, least: int, most: int, what: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{what} must be a number from {least} to {most}.")


def weakenings(before: Terms, after: Terms) -> list[str]:
    """Return a sentence for each respect in which `after` asks for less than `before`."""
    named, stays = set(before.approver_roles), set(after.approver_roles)
    fewer = f"It asks for {people_in_words(after.approvals)} instead of {before.approvals}."
    later = after.review_within_hours is not None and (
        before.review_within_hours is None or after.review_within_hours > before.review_within_hours
    )
    respects = (
        (after.approvals < before.approvals, fewer),
        (bool(named) and (not stays or not stays <= named), "More roles may approve."),
        (before.client_signature > after.client_signature, "The client signs no longer."),
        (
            after.independence_days < before.independence_days,
            "People whom the author let in may sign sooner.",
        ),
        (
            before.impact_required > after.impact_required,
            "It is signed without an impact preview.",
        ),
        (
            after.auto_apply > before.auto_apply,
            "The last signature makes it live; nobody presses Apply any more.",
        ),
        (before.in_window > after.in_window, "It goes in outside release windows as well."),
        (
            _longer(after.expires_after_hours, before.expires_after_hours),
            "Requests stay open longer.",
        ),
        (later, "Emergencies are allowed, or may wait longer for their review."),
        (
            after.solo > before.solo,
            "An author may let a change in alone while nobody else could sign.",
        ),
    )
    return [text for is_weaker, text in respects if is_weaker]


def _longer(after: int | None, before: int | None) -> bool:
    return before is not None and (after is None or after > before)


@dataclass(frozen=True)
class Words:
    """Terms as people read them: who signs, how it goes live, and the rest, each in phrases."""

    signatures: list[str]
    going_live: list[str]
    limits: list[str]


def put_in_words(terms: Terms, role_names: Mapping[str, str]) -> Words:
    """Return terms as short phrases, by what they are about."""
    people = people_in_words(terms.approvals)
    if terms.approver_roles and terms.approvals:
        people += f" by {' or '.join(role_names.get(one, one) for one in terms.approver_roles)}"
    signatures = [people, "the client's signature"] if terms.client_signature else [people]
    live = ["impact preview first"] if terms.impact_required else []
    live.append("with the last signature" if terms.auto_apply else "applied by hand")
    if terms.in_window:
        live.append("in release windows")
    limits = [f"{terms.independence_days} days of independence"]
    if terms.expires_after_hours is not None:
        limits.append(f"expires after {_span(terms.expires_after_hours)}")
    if terms.review_within_hours is not None:
        limits.append(f"emergencies reviewed within {_span(terms.review_within_hours)}")
    if terms.solo:
        limits.append("solo allowed")
    return Words(signatures, live, limits)


def people_in_words(approvals: int) -> str:
    """Return how many of the staff approve."""
    if approvals == 0:
        return "no approval"
    return "1 approval" if approvals == 1 else f"{approvals} approvals"


def in_words(terms: Terms, role_names: Mapping[str, str]) -> list[str]:
    """Return terms as short phrases in one list, the signatures first."""
    words = put_in_words(terms, role_names)
    return [*words.signatures, *words.going_live, *words.limits]


def _span(hours: int) -> str:
    days, rest = divmod(hours, 24)
    if rest or not days:
        return "1 hour" if hours == 1 else f"{hours} hours"
    return "1 day" if days == 1 else f"{days} days"
