"""Golden samples of the shipped mappings: what goes in, and exactly what comes out."""

import json
from pathlib import Path

import pytest

import syncjobs
from mappings.engine import Inputs, compile_mapping
from syncjobs.engine.rows import encode
from syncjobs.shipped import shipped_mapping

HERE = Path(__file__).parent / "golden"
SAMPLES = sorted(HERE.glob("*/*.json"))
SHIPPED = Path(syncjobs.__file__).parent / "blueprints" / "mappings"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_shipped_mapping_gives_exactly_this(path: Path) -> None:
    sample = json.loads(path.read_text())
    shipped = shipped_mapping(path.parent.name, path.stem)
    assert shipped is not None
    makes = {"inbound": shipped["canonical"], "derive": shipped.get("makes", "")}
    compiled = compile_mapping(shipped["document"], object_type=makes.get(shipped["direction"], ""))
    known = sample.get("references", {})
    references = {tuple(place.split(":", 1)): id_ for place, id_ in known.items()}
    inputs = Inputs(references=references, variables=sample.get("variables", {}))
    results = compiled.run_all(sample["input"], inputs=inputs)
    assert [one.message for mapped in results for one in mapped.problems] == []
    made = [json.loads(encode(mapped.data)) for mapped in results]
    assert made == (sample["output"] if compiled.makes_several else [sample["output"]])


def test_every_shipped_mapping_has_a_sample() -> None:
    shipped = {f"{path.parent.name}/{path.stem}" for path in SHIPPED.glob("*/*.json")}
    assert {f"{path.parent.name}/{path.stem}" for path in SAMPLES} == shipped
