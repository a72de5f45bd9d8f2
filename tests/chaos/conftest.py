"""`--seeds N` plays the seeds 0 to N-1, and a fifth as many mixes, which take longer; `--seed N`
that one alone.
"""

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each seed a test of its own."""
    one = metafunc.config.getoption("--seed")
    count = int(metafunc.config.getoption("--seeds"))
    for name, most in (("seed", count), ("mix_seed", -(-count // 5))):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, range(most) if one is None else [int(one)])
