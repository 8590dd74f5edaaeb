"""Screenings by every door: API, page, command, file; what is recorded, listed, erased and deleted."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import httpx
import pytest
from typer.testing import CliRunner

from app.chains.addresses import EVM_CHAINS
from app.cli import app
from app.projection.pending import project_all_pending
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import address, transfer
from tests.support.record import ask, change, label, write
from tests.support.run_story import ALICE, BOB, DAVE, MIXER, tell_project_and_score
from tests.support.serving import all_pages, served

LISTED = address(0xABCDEF77)
SPELLINGS = [
    f"ethereum:{LISTED}", f"eth:{LISTED.upper()}", f"Ethereum:{LISTED}", f"eip155:8453:{LISTED}",
    f"bsc:{LISTED}", f" {LISTED}\u200b", f"https://etherscan.io/address/{LISTED}", f"https://polygonscan.com/address/{LISTED}",
]  # fmt: skip


pytestmark = pytest.mark.usefixtures("commands")


@pytest.fixture
def api(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    tell_project_and_score(postgres, graph, "ledger")
    label(postgres, LISTED, "sanctioned", source="ofac", name="Somebody", confidence=100)
    with served(settings, postgres, graph) as client:
        yield client


def screen(api: httpx.Client, *subjects: dict[str, object], wait: int = 0) -> httpx.Response:
    headers = {"Prefer": f"wait={wait}"} if wait else {}
    return api.post("/v1/screenings", json={"subjects": list(subjects)}, headers=headers)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_listed_address_is_severe_in_every_spelling_by_every_door(
    api: httpx.Client, tmp_path: Path, spelling: str
) -> None:
    (by_api,) = screen(api, {"type": "wallet", "address": spelling}).raise_for_status().json()["screenings"]
    assert (by_api["risk_level"], by_api["status"]) == ("severe", "never_seen")
    assert by_api["wallets"][0]["labels"][0]["source"] == "ofac"
    page = api.post(
        "/screenings", data={"address": spelling}, headers={"Accept": "text/html"}, follow_redirects=True
    )
    assert page.status_code == 200
    assert 'data-level="severe"' in page.text
    assert "ofac" in page.text
    told = CliRunner().invoke(app, ["screen", spelling, "--json"])
    assert json.loads(told.stdout)["screenings"][0]["risk_level"] == "severe"
    asked, answered = tmp_path / "in.csv", tmp_path / "out.csv"
    asked.write_text(f"address,reference\n{spelling},mine\nnonsense,\n{BOB},\n")
    assert CliRunner().invoke(app, ["screen", "--file", str(asked), "--out", str(answered)]).exit_code == 1
    rows = list(csv.DictReader(answered.read_text().splitlines()))
    assert [row["risk_level"] for row in rows] == ["severe", "", "medium"]
    assert [row["status"] for row in rows] == ["never_seen", "refused", "complete"]
    assert rows[0]["labels"] == "ofac: Somebody"
    sent = api.post("/screenings/file", files={"file": ("in.csv", asked.read_bytes(), "text/csv")})
    assert [row["risk_level"] for row in csv.DictReader(sent.text.splitlines())] == ["severe", "", "medium"]


def test_a_listed_key_is_severe_on_every_evm_chain(api: httpx.Client, tmp_path: Path) -> None:
    chains = sorted(EVM_CHAINS)
    assert len(chains) > 5
    subjects: list[dict[str, object]] = [
        {"type": "wallet", "chain": chain, "address": LISTED} for chain in chains
    ]
    answers = screen(api, *subjects).raise_for_status().json()["screenings"]
    for chain, answer in zip(chains, answers, strict=True):
        assert (answer["risk_level"], answer["status"]) == ("severe", "never_seen"), chain
        (label_of_it,) = answer["wallets"][0]["labels"]
        assert (label_of_it["source"], label_of_it["chain"], label_of_it["name"]) == (
            "ofac", "ethereum", "Somebody",
        )  # fmt: skip
        assert label_of_it["recorded_at"]
    told = CliRunner().invoke(app, ["screen", *(f"{chain}:{LISTED}" for chain in chains), "--json"])
    by_command = json.loads(told.stdout)["screenings"]
    assert [one["risk_level"] for one in by_command] == ["severe"] * len(chains)
    asked, answered = tmp_path / "in.csv", tmp_path / "out.csv"
    asked.write_text("address,chain\n" + "".join(f"{LISTED},{chain}\n" for chain in chains))
    assert CliRunner().invoke(app, ["screen", "--file", str(asked), "--out", str(answered)]).exit_code == 0
    rows = list(csv.DictReader(answered.read_text().splitlines()))
    assert [row["risk_level"] for row in rows] == ["severe"] * len(chains)


def test_a_thousand_subjects_each_have_their_own_status(api: httpx.Client) -> None:
    subjects: list[dict[str, object]] = [{"type": "wallet", "address": address(n)} for n in range(1, 999)]
    subjects += [{"type": "wallet", "address": "x\x00y"}, {"type": "wallet", "address": LISTED}]
    answers = screen(api, *subjects).raise_for_status().json()["screenings"]
    assert len(answers) == 1_000
    assert [one["asked"]["address"] for one in answers[:998]] == [each["address"] for each in subjects[:998]]
    assert (answers[998]["status"], answers[999]["risk_level"]) == ("refused", "severe")
    assert screen(api, *subjects, {"type": "wallet", "address": BOB}).status_code == 422
    listed = all_pages(api, "/v1/screenings", "screenings", limit=300)
    assert [one["screening_id"] for one in listed] == sorted(
        (one["screening_id"] for one in answers), reverse=True
    )
    for filters, count in (
        ({"risk_level": "severe"}, 1), ({"status": "refused"}, 1), ({"wallet": f"eth:{BOB}"}, 1),
        ({"cause": "batch", "flag": "possible_victim"}, 0), ({"customer_reference": "nobody"}, 0),
    ):  # fmt: skip
        found = api.get("/v1/screenings", params={**filters, "total": "true"}).raise_for_status().json()
        assert (len(found["screenings"]), found["total"]) == (count, count), filters


def test_a_deposit_is_waited_for_until_it_arrives(
    api: httpx.Client, postgres: Postgres, graph: Graph
) -> None:
    sent = transfer(60, MIXER, DAVE, 1_000)
    subject = {"type": "transfer", "transaction_hash": sent.transaction_hash, "receiver": DAVE}
    at_once = screen(api, subject)
    assert at_once.status_code == 202
    assert at_once.headers["location"] == f"/v1/screenings/{at_once.json()['screenings'][0]['screening_id']}"
    assert api.get(at_once.headers["location"]).status_code == 202

    def arrive() -> None:
        write(postgres, [sent], offset=60)
        project_all_pending(postgres, graph)

    Timer(0.5, arrive).start()
    waited = screen(api, subject, wait=60)
    assert waited.status_code == 200
    assert waited.json()["screenings"][0]["status"] == "complete"
    earlier = api.get(at_once.headers["location"])
    assert (earlier.status_code, earlier.json()["status"]) == (200, "complete")


def test_references_are_erased_and_the_screening_stays(api: httpx.Client, postgres: Postgres) -> None:
    subject = {"type": "wallet", "address": BOB, "reference": "deposit 1", "customer_reference": "Jane Doe"}
    first, second = (screen(api, subject).json()["screenings"][0] for _ in range(2))
    assert first["reference_id"] == second["reference_id"] is not None
    assert "Jane" not in json.dumps(first)
    assert ask(postgres, "SELECT count(*) FROM screenings WHERE answer::text LIKE '%Jane%'") == 0
    found = api.get("/v1/screenings", params={"customer_reference": "Jane Doe"}).json()["screenings"]
    assert [one["screening_id"] for one in found] == [second["screening_id"], first["screening_id"]]
    gone = api.delete(f"/v1/screening-references/{first['reference_id']}")
    assert gone.json() == {"reference_id": first["reference_id"], "screenings": 2}
    assert api.delete(f"/v1/screening-references/{first['reference_id']}").status_code == 404
    assert api.get("/v1/screenings", params={"customer_reference": "Jane Doe"}).json()["screenings"] == []
    assert api.get(f"/v1/screenings/{first['screening_id']}").json()["risk_level"] == first["risk_level"]
    screen(api, subject)
    assert CliRunner().invoke(app, ["screen", "--forget-reference", "Jane Doe"]).exit_code == 0
    assert ask(postgres, "SELECT count(*) FROM screening_references") == 0


def test_old_screenings_are_pruned_with_their_references(api: httpx.Client, postgres: Postgres) -> None:
    for customer in ("old", "young"):
        screen(api, {"type": "wallet", "address": BOB, "customer_reference": customer})
    change(
        postgres, "UPDATE screenings SET recorded_at = now() - interval '2923 days' WHERE screening_id = 1"
    )
    change(postgres, "UPDATE screening_references SET recorded_at = now() - interval '9 years'", rows=2)
    pruned = CliRunner().invoke(app, ["prune", "--yes", "--json"])
    assert json.loads(pruned.stdout)["screenings"] == 1
    assert ask(postgres, "SELECT string_agg(customer_reference, ',') FROM screening_references") == "young"
    assert api.get("/v1/screenings/1").status_code == 404


def test_a_screening_is_verified_by_command_and_api(api: httpx.Client, postgres: Postgres) -> None:
    made = screen(api, {"type": "wallet", "address": ALICE}).json()["screenings"][0]["screening_id"]
    assert api.post(f"/v1/screenings/{made}/verify").json()["equal"]
    told = CliRunner().invoke(app, ["verify", "--screening", str(made)])
    assert told.exit_code == 0, told.output
    change(
        postgres,
        "UPDATE screenings SET answer = jsonb_set(answer, '{wallets,0,wallet_score,score}', '\"1.000000\"')",
    )
    answer = api.post(f"/v1/screenings/{made}/verify").json()
    assert not answer["equal"]
    assert answer["differences"][0]["recorded"] == "1.000000"
