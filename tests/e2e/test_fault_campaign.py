"""The short form of `aml bench faults`: everything comes back by itself, and no message is lost untold."""

import os

from bench.faults import run

FAULTS = int(os.environ.get("AML_CAMPAIGN_FAULTS", "8"))


def test_an_instance_under_load_outlives_random_faults() -> None:
    figures = run(FAULTS, seed=FAULTS, rate=20)

    assert figures["faults"] == FAULTS
    assert figures["acknowledged"] > 0
    assert (figures["lost"], figures["differing"], figures["graph_equal"]) == (0, 0, True)
