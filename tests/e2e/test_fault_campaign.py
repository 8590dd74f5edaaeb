"""The short form of `aml bench faults`: everything comes back by itself, and no message is lost untold."""

import os

from bench.campaign.campaign import run

FAULTS = int(os.environ.get("AML_CAMPAIGN_FAULTS", "30"))
RIGHT = {"lost": 0, "differing": 0, "doubled": 0, "wrong_holes": 0, "untold_holes": 0}


def test_an_instance_under_load_outlives_random_faults() -> None:
    figures = run(FAULTS, seed=FAULTS, rate=20)

    assert figures["problems"] == []
    assert figures["faults"] == FAULTS
    assert figures["acknowledged"] > 0
    assert {name: figures[name] for name in RIGHT} == RIGHT
    assert (figures["graph_equal"], figures["verified"]) == (True, True)
