"""What hostile input costs: each line of the tests' lists, the slowest of every list.

Processor time, the best of five turns: what another program does to the caches is not counted.
The same lists are tests, which look at the answers and the memory (`tests/mappings/hostile.py`).
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from bench.figures import Figure, at_most
from mappings.documents import MappingError
from mappings.engine import Inputs, compile_mapping
from mappings.json_text import BadJson, read_json
from mappings.language.budget import ExpressionError
from mappings.language.evaluate import Expression
from mappings.yaml_text import BadYaml, read_yaml
from tests.mappings import test_hostile_documents as documents
from tests.mappings import test_hostile_expressions as expressions
from tests.mappings import test_hostile_records as records
from tests.mappings import test_yaml as yaml

TURNS: Final = 5
SECONDS: Final = 0.05
REFUSALS: Final = (MappingError, BadJson, BadYaml, ExpressionError)
Work = Callable[[], object]


def measure() -> list[Figure]:
    """Return the seconds of the slowest line of each list."""
    lists: dict[str, Iterator[tuple[str, Work]]] = {
        "expressions": _expressions(),
        "evaluations": _evaluations(),
        "documents": _documents(),
        "records": _records(),
        "texts": _texts(),
    }
    return [_slowest(name, works) for name, works in lists.items()]


def _slowest(name: str, works: Iterator[tuple[str, Work]]) -> Figure:
    spent, line = max((_spent(work), line) for line, work in works)
    return at_most(f"hostile.{name}", spent, "s", SECONDS, f"the line “{line}”")


def _spent(work: Work) -> float:
    best = float("inf")
    for _ in range(TURNS):
        started = time.process_time()
        with contextlib.suppress(*REFUSALS):
            work()
        best = min(best, time.process_time() - started)
    return best


def _expressions() -> Iterator[tuple[str, Work]]:
    for name, source in expressions.SOURCES.items():
        yield name, partial(Expression, source)


def _evaluations() -> Iterator[tuple[str, Work]]:
    for name, (source, record) in expressions.EVALUATIONS.items():
        yield name, partial(Expression(source), record(), {})


def _documents() -> Iterator[tuple[str, Work]]:
    for name, document in documents.DOCUMENTS.items():
        yield name, partial(compile_mapping, document())  # type: ignore[arg-type]  # that is the attack


def _records() -> Iterator[tuple[str, Work]]:
    lines = [(name, made, {"a": value()}) for name, (made, value) in records.RECORDS.items()]
    for name, made, record in [*lines, ("many sums", *records.many_sums())]:
        yield name, partial(compile_mapping(made).run, record, inputs=Inputs())


def _texts() -> Iterator[tuple[str, Work]]:
    for text in documents.JSON_TEXTS:
        yield f"JSON {str(text[:20])!r}", partial(read_json, text)
    for text in yaml.HOSTILE_TEXTS:
        yield f"YAML {text[:20]!r}", partial(read_yaml, text)
