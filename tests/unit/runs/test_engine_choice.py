"""The settings' limits of path queries are those that runs have by themselves."""

from app.runs.engine_choice import CypherLimits
from app.settings import Settings

NAMES = {
    "max_walks": "cypher_engine_max_walks",
    "max_transfers": "cypher_engine_max_transfers",
    "auto_seconds": "cypher_engine_auto_seconds",
    "seconds": "cypher_engine_seconds",
}


def test_the_defaults_of_settings_and_of_runs_are_one() -> None:
    assert NAMES.keys() == set(CypherLimits._fields)
    defaults = {name: Settings.model_fields[setting].default for name, setting in NAMES.items()}
    assert CypherLimits(**defaults) == CypherLimits()
