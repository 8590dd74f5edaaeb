"""`aml prune` shows what would go, asks, and deletes it."""

import pytest

from app.errors import Cancelled
from app.stores.postgres import Postgres
from tests.support.builders import transfer
from tests.support.commands import aml, aml_json
from tests.support.record import rows, score, write
from tests.support.run_story import BOB, CAROL, tell_story

pytestmark = pytest.mark.usefixtures("commands")
OPTIONS = ("--keep", "1", "--younger-than-days", "0", "--no-monthly")
PRUNED = "SELECT run_id FROM scoring_runs WHERE pruned_at IS NOT NULL"


@pytest.fixture
def old(postgres: Postgres) -> int:
    """A run before the published one."""
    tell_story(postgres)
    run_id = score(postgres)
    write(postgres, [transfer(60, BOB, CAROL, 40)], offset=5)
    score(postgres)
    return run_id


def test_it_deletes_what_it_showed(postgres: Postgres, old: int) -> None:
    answer = aml_json("prune", *OPTIONS, "--yes")
    assert [run["run_id"] for run in answer["runs"]] == [old]
    assert answer["rows"] > 0
    assert rows(postgres, PRUNED) == [(old,)]
    again = aml_json("prune", *OPTIONS)  # there is nothing to ask about
    assert (again["runs"], again["rows"]) == ([], 0)


def test_it_deletes_nothing_that_was_not_agreed_to(
    postgres: Postgres, old: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert old
    monkeypatch.setattr("typer.confirm", lambda *_words, **_options: False)
    with pytest.raises(Cancelled, match="Nothing was deleted"):
        aml("prune", *OPTIONS)
    assert rows(postgres, PRUNED) == []
