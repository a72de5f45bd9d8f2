"""Engagements with their answers: what lists, pages and the API show."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from branding.viewer import Viewer
from syncjobs.indicators.engagements.chosen import key_of
from syncjobs.indicators.engagements.facts import Facts, facts_of
from syncjobs.indicators.engagements.story import Line
from syncjobs.indicators.engagements.verdicts import Answers, answers_from
from syncjobs.models import CanonicalRecord


@dataclass
class Engagement:
    """An engagement: the record that stands for it, what is known of it, and the four answers.

    `story`: for who asked for it.
    """

    head: CanonicalRecord
    facts: Facts
    answers: Answers
    story: list[Line] = field(default_factory=list)


def answered(heads: Iterable[CanonicalRecord], viewer: Viewer) -> list[Engagement]:
    """Return the engagements that these records stand for; one batch of statements for all."""
    chosen = list(heads)
    facts = facts_of(key_of(one) for one in chosen)
    return [
        Engagement(one, known, answers_from(known, viewer))
        for one in chosen
        for known in [facts[key_of(one)]]
    ]
