"""A firm's people, and who is on which engagement at which price."""

import itertools
import random
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from syncjobs.sandbox.story import names
from syncjobs.sandbox.story.firm import Entity, Firm, Role

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Person:
    """Somebody on the payroll (or a contractor)."""

    number: str
    first: str
    last: str
    email: str
    role: Role
    entity: Entity


@dataclass(frozen=True)
class Assignment:
    """A person on an engagement at a price."""

    number: str
    project: str
    person: Person
    rate: Decimal


def payroll(firm: Firm) -> list[Person]:
    """Return everybody, in the order of their numbers."""
    chance = random.Random(firm.slug)
    pairs = list(itertools.product(names.given(firm.names), names.family(firm.names)))
    chosen = chance.sample(pairs, firm.headcount)
    roles = chance.choices(firm.roles, [role.share for role in firm.roles], k=firm.headcount)
    entities = chance.choices(firm.entities, [e.share for e in firm.entities], k=firm.headcount)
    found = []
    for n, ((first, last), role, entity) in enumerate(zip(chosen, roles, entities, strict=True), 1):
        email = f"{_ascii(first)}.{_ascii(last)}@{firm.domain}"
        found.append(Person(f"E-{n:04d}", first, last, email, role, entity))
    return found


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return plain.lower().replace("'", "").replace(" ", "")


def teams(firm: Firm, people: list[Person]) -> list[Assignment]:
    """Return who works on the running engagements, at which price."""
    chance = random.Random(f"{firm.slug}:teams")
    pool = itertools.cycle(chance.sample(people, len(people)))
    found = []
    for engagement in firm.engagements:
        if engagement.state != "running":
            continue
        discount = Decimal(chance.choice(("1", "1", "0.97", "0.95", "0.925")))
        for seat in range(1, engagement.team + 1):
            person = next(pool)
            rate = round_to(person.role.bill * discount, Decimal("0.05"))
            number = f"AS-{engagement.number}-{seat:02d}"
            found.append(Assignment(number, engagement.code, person, rate))
    return found


def round_to(value: Decimal, step: Decimal) -> Decimal:
    """Round half up to a multiple of `step`."""
    return ((value / step).quantize(Decimal(1), ROUND_HALF_UP) * step).quantize(CENT)
