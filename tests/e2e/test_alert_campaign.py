"""The short form of the campaign of alerts: `make test-alerts` strikes 100 times."""

import os

from bench.campaign.alert_campaign import run

FAULTS = int(os.environ.get("AML_ALERT_FAULTS", "5"))


def test_an_instance_under_faults_makes_the_alerts_of_one_in_peace() -> None:
    figures = run(FAULTS, seed=FAULTS, rate=20)

    assert figures["problems"] == []
    assert figures["faults"] == FAULTS
    assert figures["alerts_of_one_thing"] > 0
    assert figures["asked_about_a_listed_wallet"] > 0
    assert figures["calls"] > 0
