"""The questions over HTTP: listed, asked as JSON and as pages, and refused."""

from collections.abc import Iterator

import httpx
import pytest

from app.investigation.answers import QuestionAnswer, QuestionList
from app.investigation.asking import _of_record
from app.investigation.questions import questions
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.run_story import ALICE, BOB, CAROL, DAVE, MIXER, tell_project_and_score
from tests.support.serving import served


@pytest.fixture
def client(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    tell_project_and_score(postgres, graph)
    with served(settings, postgres, graph) as client:
        yield client


def test_the_api_lists_the_questions_and_asks_one(client: httpx.Client) -> None:
    listed = QuestionList.model_validate(client.get("/v1/questions").json()).questions
    assert [each.question_number for each in listed] == [each.number for each in questions()]
    limits = {one.name: one for one in listed[2].parameter_definitions}
    assert (limits["hop_limit"].least, limits["hop_limit"].most) == (1, 12)

    asked = {"wallet": MIXER, "other": f"ethereum:{CAROL}", "parameters": {"hop_limit": 3}}
    for name in ("03", "3", "shortest_evidence"):
        found = QuestionAnswer.model_validate(client.post(f"/v1/questions/{name}", json=asked).json())
        (path,) = found.findings
        assert [step.receiver for step in path.transfers] == [ALICE, BOB, CAROL]
        assert found.parameters["chain"] == "ethereum"
        assert (found.is_cut, found.left_out is not None and found.left_out.paths) == (False, 0)


def test_the_api_refuses_what_a_question_cannot_do(client: httpx.Client) -> None:
    def ask(question: str, **asked: object) -> httpx.Response:
        return client.post(f"/v1/questions/{question}", json=asked)

    assert ask("03", wallet=BOB, other=CAROL, parameters={"hop_limit": 13}).status_code == 422
    assert "from 1 to 12" in ask("03", wallet=BOB, other=CAROL, parameters={"hop_limit": 13}).text
    assert ask("03", wallet=BOB).status_code == 422
    assert ask("01").status_code == 422
    assert ask("01", wallet=BOB, depth=3).status_code == 422
    assert ask("01", wallet=BOB, parameters={"hop_limit": [1]}).status_code == 422
    assert ask("04", wallet=BOB, parameters={"since": "then"}).status_code == 422
    assert ask("01", wallet=f"0x{99:040x}").status_code == 404
    assert ask("no_such", wallet=BOB).status_code == 404
    assert ask("21", wallet=BOB, parameters={"transaction_hash": "0x1"}).status_code == 422
    assert (
        client.post("/v1/questions/01", json={"wallet": BOB}, headers={"Authorization": "x"}).status_code
        == 401
    )


def test_one_question_about_the_record_is_answered_at_a_time(client: httpx.Client) -> None:
    asked = {"parameters": {"chain": "ethereum"}}
    assert client.post("/v1/questions/20", json=asked).status_code == 200
    with _of_record:
        assert client.post("/v1/questions/20", json=asked).status_code == 409
        assert client.post("/v1/questions/04", json={"wallet": BOB}).status_code == 200


def test_the_pages_ask_every_question(client: httpx.Client) -> None:
    about = f"/wallets/ethereum:{BOB}/questions"
    html = {"Accept": "text/html"}
    listed = client.get(about, headers=html).text
    given = {"other": DAVE, "category": "mixer", "words": "name", "transaction_hash": f"0x{20:064x}"}
    for each in questions():
        sent = {name: value for name, value in given.items() if name in each.query.params}
        if each.is_of_wallet:
            assert f"/questions/{each.number}" in listed
            answer = client.get(f"{about}/{each.number}", headers=html, params=sent)
        else:
            form = client.get(f"/questions/{each.number}", headers=html)
            assert (form.status_code, "data-summary" in form.text) == (200, False)
            answer = client.post(f"/questions/{each.number}", headers=html, data=sent | {"row_limit": "20"})
        assert answer.status_code == 200, answer.text
        assert "data-summary" in answer.text, each.number


def test_a_page_says_what_is_wrong_and_keeps_the_form(client: httpx.Client) -> None:
    html = {"Accept": "text/html"}
    about = f"/wallets/ethereum:{BOB}/questions"
    wrong = client.get(f"{about}/01", headers=html, params={"hop_limit": "<b>9"})
    assert wrong.status_code == 422
    assert 'role="alert"' in wrong.text
    assert "&lt;b&gt;9" in wrong.text
    assert "<b>9" not in wrong.text
    assert client.get(f"{about}/20", headers=html).status_code == 404
    assert client.get("/questions/01", headers=html).status_code == 404
    form = client.get(f"{about}/03", headers=html)
    assert (form.status_code, "data-summary" in form.text) == (200, False)
    shown = client.get(f"{about}/01", headers=html)
    assert "A name 0x0000…0001" in shown.text
    assert (
        '/questions">Questions about this wallet' in client.get(f"/wallets/ethereum:{BOB}", headers=html).text
    )
