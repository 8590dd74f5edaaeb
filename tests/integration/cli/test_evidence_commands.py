"""The commands that hand out evidence say what the API and the graph say: explain, report, investigate."""

import csv
import json
from pathlib import Path

import pytest

from app.answers.explanation import Explanation
from app.errors import InvalidInput, NotFound
from app.explain.explain import explain
from app.investigation.asking import ask
from app.investigation.questions import question, questions
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.commands import aml, aml_json
from tests.support.documents import text_of
from tests.support.run_story import ALICE, BOB, CAROL, MIXER, tell_project_and_score

pytestmark = pytest.mark.usefixtures("commands", "told")


@pytest.fixture
def told(postgres: Postgres, graph: Graph) -> None:
    tell_project_and_score(postgres, graph)


def test_explain_prints_the_explanation_for_people_and_for_programs(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    found = explain(postgres, graph, settings, BOB)
    assert Explanation.model_validate(aml_json("explain", BOB)) == found
    shown = aml("explain", BOB)
    assert found.score is not None
    for figure in (found.score, *(part.points for part in found.contributions)):
        assert figure in shown


@pytest.mark.parametrize("ending", ["pdf", "json", "csv", "PDF"])
def test_report_writes_the_form_that_its_file_is_named_for(
    settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path, ending: str
) -> None:
    found = explain(postgres, graph, settings, f"ethereum:{BOB}")
    out = tmp_path / f"evidence of Bob.{ending}"
    aml("report", BOB, "--out", out)
    assert found.score is not None
    if ending.lower() == "pdf":
        assert found.score in text_of(out.read_bytes())
    elif ending == "json":
        assert Explanation.model_validate(json.loads(out.read_text())["explanation"]) == found
    else:
        rows = list(csv.DictReader(out.read_text().splitlines()))
        assert [row["points"] for row in rows if row["part"] == "contribution"] == [
            part.points for part in found.contributions
        ]


def test_report_refuses_what_it_cannot_write_and_whom_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"none of \.pdf, \.json and \.csv"):
        aml("report", BOB, "--out", tmp_path / "evidence.docx")
    with pytest.raises(InvalidInput, match="cannot be written"):
        aml("report", BOB, "--out", tmp_path / "absent" / "evidence.pdf")
    with pytest.raises(NotFound, match="nothing is known about its money"):
        aml("report", f"0x{99:040x}", "--out", tmp_path / "evidence.pdf")
    assert list(tmp_path.iterdir()) == []


def test_investigate_lists_its_questions() -> None:
    listed = aml_json("investigate")
    assert [each["question_number"] for each in listed] == [each.number for each in questions()]
    shown = aml("investigate")
    assert all(each["question_number"] in shown for each in listed)


def test_investigate_asks_the_graph_as_the_question_is_written(graph: Graph) -> None:
    (found,) = aml_json("investigate", "1", "--wallet", BOB)["findings"]
    assert [step["sender"] for step in found["transfers"]] == [MIXER, ALICE]  # in the order of time
    (asked,) = ask(graph, question("01"), {"chain": "ethereum", "wallet": BOB}, timeout_seconds=60)
    assert found["values"]["share"] == asked.values["share"]
    assert [step["transaction_hash"] for step in found["transfers"]] == [
        step.transaction_hash for step in asked.transfers
    ]
    assert aml_json("investigate", "01", "--wallet", BOB, "--set", "hop_limit=1")["findings"] == []
    between = aml_json("investigate", "03", "--wallet", MIXER, "--other", f"ethereum:{CAROL}")["findings"]
    assert [len(each["transfers"]) for each in between] == [3]
    assert "mixer" in aml("investigate", "01", "--wallet", BOB)


def test_investigate_prints_what_to_paste_into_neo4j_browser() -> None:
    text = aml("investigate", "01", "--wallet", BOB, "--query")
    assert f'"{BOB}"' in text or f"'{BOB}'" in text
    assert question("01").query.text.strip() in text


def test_investigate_says_what_is_missing_or_too_much() -> None:
    with pytest.raises(InvalidInput, match="name one"):
        aml("investigate", "01")
    with pytest.raises(InvalidInput, match="needs other"):
        aml("investigate", "03", "--wallet", BOB)
    with pytest.raises(InvalidInput, match="no parameter colour"):
        aml("investigate", "01", "--wallet", BOB, "--set", "colour=red")
    with pytest.raises(InvalidInput, match="from 1 to 12"):
        aml("investigate", "03", "--wallet", BOB, "--other", CAROL, "--set", "hop_limit=13")
    with pytest.raises(InvalidInput, match="not about a second wallet"):
        aml("investigate", "01", "--wallet", BOB, "--other", CAROL)
    with pytest.raises(InvalidInput, match="is not like"):
        aml("investigate", "01", "--wallet", BOB, "--set", "hop_limit")
    with pytest.raises(NotFound, match="no question 99"):
        aml("investigate", "99", "--wallet", BOB)
