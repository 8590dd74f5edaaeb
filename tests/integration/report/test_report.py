"""The evidence report says what the API says, in three forms; names in it are never markup or formulas."""

import csv
import io
from datetime import UTC, datetime

import httpx
import pytest

from app.answers.explanation import Explanation
from app.domain import decimal_units
from app.projection.pending import project_all_pending
from app.report.document import pdf
from app.report.wallet_report import WalletReport
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.documents import metadata_of, squeezed, text_of
from tests.support.record import label, score
from tests.support.run_story import ALICE, BOB, MIXER, tell_story
from tests.support.serving import served

MEAN = '=HYPERLINK("x") #read("/etc/passwd") *bold* _it_ $x$ <a> @b `c` \\ #pagebreak() ] // gone'


@pytest.fixture
def told(postgres: Postgres, graph: Graph) -> None:
    tell_story(postgres)
    label(postgres, ALICE, None, name=MEAN, source=MEAN, confidence=80)
    project_all_pending(postgres, graph)
    score(postgres, graph, "cypher")


def asked(api: httpx.Client, wallet: str, form: str) -> httpx.Response:
    answer = api.get(f"/v1/scores/{wallet}/report", params={"format": form})
    assert answer.status_code == 200, answer.text
    assert f'filename="ethereum-{wallet}-run-1.{form}"' in answer.headers["content-disposition"]
    return answer


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("wallet", [MIXER, ALICE, BOB])
def test_the_three_forms_say_what_the_api_says(
    settings: Settings, postgres: Postgres, graph: Graph, wallet: str
) -> None:
    with served(settings, postgres, graph) as api:
        found = Explanation.model_validate(api.get(f"/scores/explain/{wallet}").json())
        run = api.get("/v1/runs/1").json()
        document = asked(api, wallet, "pdf")
        again = asked(api, wallet, "pdf")
        plain = WalletReport.model_validate(asked(api, wallet, "json").json())
        rows = list(csv.DictReader(io.StringIO(asked(api, wallet, "csv").text)))

    assert plain.explanation == found
    assert plain.run.model_dump(mode="json") == run

    shown = text_of(document.content)
    assert found.score is not None
    digests = ("policy_digest", "label_set_digest", "record_digest", "results_digest")
    expected = [found.score, wallet, *(run[name] for name in digests)]
    for part in (*found.contributions, *found.other_contributions):
        expected += [part.points, f"{part.share:.12f}"]
    for path in found.paths:
        expected += [path.points, path.label or "", path.label_source or ""]
        for step in path.transfers:
            amounts = (decimal_units(a, path.decimals) for a in (step.amount, step.amount_carried))
            expected += [step.transaction_hash, step.sender, step.receiver, *amounts]
    for item in (*found.exposures, *found.residuals):
        if item.amount is not None:
            expected += [decimal_units(item.amount, item.decimals), f"{item.share * 100:.6f}%"]
    missing = [each for each in expected if squeezed(each) not in shown]
    assert not missing
    assert again.content == document.content

    by_part = {part: [row for row in rows if row["part"] == part] for part in {row["part"] for row in rows}}
    assert [row["points"] for row in by_part.get("contribution", [])] == [
        part.points for part in found.contributions
    ]
    assert [(row["transaction_hash"], row["amount"]) for row in by_part.get("transfer", [])] == [
        (step.transaction_hash, step.amount) for path in found.paths for step in path.transfers
    ]
    assert {row["name"]: row["value"] for row in by_part["wallet"]}["score"] == found.score
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row.values() if cell)


@pytest.mark.usefixtures("told")
def test_a_name_is_shown_as_it_is_and_never_read_as_markup(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    with served(settings, postgres, graph) as api:
        shown = text_of(asked(api, ALICE, "pdf").content)
        rows = csv.DictReader(io.StringIO(asked(api, ALICE, "csv").text))
        (named,) = [row for row in rows if row["part"] == "label"]
    assert squeezed(MEAN) in shown
    assert (named["name"], named["source"]) == (f"'{MEAN}", f"'{MEAN}")


@pytest.mark.usefixtures("told")
def test_a_wallet_without_a_score_is_unknown_and_never_0(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    dave = f"0x{5:040x}"
    with served(settings, postgres, graph) as api:
        shown = text_of(asked(api, dave, "pdf").content)
        assert api.get(f"/v1/scores/{BOB}/report", params={"format": "docx"}).status_code == 422
        assert api.get(f"/v1/scores/0x{99:040x}/report").status_code == 404
    assert "Unknowndoesnotmeanclean" in shown
    assert "0.000000" not in shown


@pytest.mark.usefixtures("told")
def test_the_date_in_the_document_is_the_runs(settings: Settings, postgres: Postgres, graph: Graph) -> None:
    with served(settings, postgres, graph) as api:
        report = WalletReport.model_validate(asked(api, BOB, "json").json())
    made = datetime.strptime(metadata_of(pdf(report))["CreationDate"], "D:%Y%m%d%H%M%S%z")
    assert report.run.completed_at is not None
    assert made == report.run.completed_at.replace(microsecond=0).astimezone(UTC)
