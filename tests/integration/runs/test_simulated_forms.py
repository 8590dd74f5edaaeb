"""Stories in which criminals launder in other ways are judged as well: the bars of docs/skill.md, small."""

import pytest

from app.stores.postgres import Postgres
from bench.skill.case import judge
from bench.skill.stories import FORMS, bars, tell
from ingest.simulator.form import LaunderingForm
from ingest.simulator.simulate import simulate
from tests.support.builders import policy
from tests.support.record import write


@pytest.mark.parametrize("form", FORMS[1:], ids=lambda form: form.name.strip("/"))
def test_every_bar_is_reached_in_every_form(postgres: Postgres, form: LaunderingForm) -> None:
    told = tell(11, form, wallets=1_000, transfers=6_000)
    write(postgres, told.transfers)
    found = bars(told, judge(postgres, policy(), told.labels))
    assert all(row["wallets"] for row in found)
    assert [row for row in found if not row["ok"]] == []


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name.strip("/") or "usual")
def test_a_form_is_told_as_it_says(form: LaunderingForm) -> None:
    story = simulate(5, wallets=1_000, transfers=6_000, form=form)
    assert len(story.transfers) == 6_000
    chains = [one for one in story.truth["shapes"] if one["kind"] == "peel_chain"]
    fans = [one for one in story.truth["shapes"] if one["kind"] == "fan_out_fan_in"]
    assert {len(one["wallets"]["laundering"]) for one in chains} == {form.peel_length}
    assert {len(one["wallets"]["laundering"]) for one in fans} == {form.mules + 1}
    told = {each.transaction_hash: each for each in story.transfers}
    assert all(name in told for one in (*chains, *fans) for name in one["transaction_hashes"])
    times = [told[name].occurred_at for name in chains[0]["transaction_hashes"]]
    days = (max(times) - min(times)).total_seconds() / 86_400
    assert (days > 20) is (form.delay_percent >= 10_000)
