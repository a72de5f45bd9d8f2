"""What a document does with one record: the compiled code itself, watched."""

from collections.abc import Mapping as Record
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from mappings.compiled import compiled_document
from mappings.documents import MappingError, Problem
from mappings.engine import Inputs, RuleTrace

MAX_SAMPLE_BYTES = 200_000


class BadSample(ValueError):
    """A pasted sample that is no JSON object. Fit to show."""


@dataclass(frozen=True)
class Preview:
    """rows: one per rule. data: the result, None when something stopped it.

    problems: what is wrong with the document (then there are no rows) or the result.
    """

    rows: list[RuleTrace]
    data: dict[str, object] | None
    problems: list[Problem]


def read_sample(text: str) -> dict[str, object]:
    """Return a pasted sample with its numbers exact. Raises BadSample in plain words."""
    if len(text) > MAX_SAMPLE_BYTES:
        raise BadSample("The sample is larger than 200 kB; paste one record.")
    try:
        found = msgspec.json.Decoder(float_hook=Decimal).decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadSample(f"The sample is no JSON: {error}.") from error
    if not isinstance(found, dict):
        raise BadSample("The sample must be one JSON object, in braces.")
    return found


def preview(
    document: Record[str, object],
    sample: Record[str, object],
    *,
    object_type: str = "",
    inputs: Inputs | None = None,
) -> Preview:
    """Run a document on a sample, field by field. Never raises for what the two hold.

    Without `inputs`, references stand for themselves, so that a preview needs no system.
    """
    try:
        mapping = compiled_document(document, object_type=object_type)
    except MappingError as error:
        return Preview([], None, error.problems)
    given = inputs or Inputs(
        references={pair: pair[1] for pair in mapping.reference_lookups(sample)},
        variables={"period": "2026-01"},
    )
    rows = mapping.explain(sample, inputs=given)
    result = mapping.run(sample, inputs=given)
    return Preview(rows, result.data, [*result.problems, *result.holds, *result.warnings])
