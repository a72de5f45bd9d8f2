"""`--seeds N` plays the seeds 0 to N-1, `--seed N` that one alone."""

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each seed a test of its own."""
    if "seed" in metafunc.fixturenames:
        one = metafunc.config.getoption("--seed")
        count = int(metafunc.config.getoption("--seeds"))
        metafunc.parametrize("seed", range(count) if one is None else [int(one)])
