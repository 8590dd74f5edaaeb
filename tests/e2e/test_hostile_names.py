"""Names of other people, from a file to every place that shows them: kept as they are, and harmless."""

import csv
import io
import json
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from app.projection.pending import project_all_pending
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.kafka.topics import ensure_topics
from tests.support.commands import aml, aml_json
from tests.support.documents import squeezed, text_of
from tests.support.record import rows, score, write
from tests.support.run_story import ALICE, BOB, CAROL, MIXER, STORY
from tests.support.serving import served

pytestmark = pytest.mark.usefixtures("commands")
NAMES = {
    MIXER: '=HYPERLINK("https://evil.example","x")',
    ALICE: "<evil-tag onload=alert(1)>'\"`</td></script>{{ 7*7 }}{% raw %}${7*7}",
    BOB: '#evil("/etc/passwd") *b* _i_ $x$ @b <c> // \\ ]',
    CAROL: "שלום \u202egnp.exe\u2066 عربى [bold red]red[/] @SUM(1)",
}
SOURCE = "\u202e<evil-list>='"
DIRECTION_MARKS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
FORMULAS = ("=", "+", "-", "@")


class Page(HTMLParser):
    """The text of a page, and the elements and attributes that it has."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.text, self.elements = "", set[str]()
        self.feed(body)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """As the parser calls it."""
        self.elements |= {tag, *(name for name, _ in attrs)}
        self.text += " ".join(value or "" for _, value in attrs)

    def handle_data(self, data: str) -> None:
        """As the parser calls it."""
        self.text += data


def shown(name: str) -> str:
    """As people see it: marks that turn the text around are replaced."""
    return "".join("\ufffd" if char in DIRECTION_MARKS else char for char in name)


@pytest.fixture
def told(commands: None, settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path) -> None:  # noqa: ARG001
    """A run in which four wallets have such names, read from the product's CSV."""
    ensure_topics(settings)
    with (tmp_path / "labels.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("chain", "address", "category", "name", "source", "confidence"))
        for wallet, name in NAMES.items():
            writer.writerow(("ethereum", wallet, "mixer" if wallet == MIXER else "", name, SOURCE, 100))
    assert aml_json("import", "labels", tmp_path / "labels.csv")["added"] == len(NAMES)
    write(postgres, STORY)
    project_all_pending(postgres, graph)
    score(postgres, graph, "cypher")


@pytest.mark.usefixtures("told")
def test_names_are_kept_and_harm_nothing(
    settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path
) -> None:
    assert dict(rows(postgres, "SELECT address, name FROM labels")) == NAMES
    with served(settings, postgres, graph) as api:
        listed = api.get("/v1/labels").json()["labels"]
        assert {one["address"]: one["name"] for one in listed} == NAMES
        assert {one["source"] for one in listed} == {SOURCE}
        pages(api)
        documents(api)
        tables(api)
    terminal()
    written = tmp_path / "out.csv"
    aml("export", "labels", written)
    assert not formulas(written.read_text())
    back = aml_json("import", "labels", written)
    assert (back["added"], back["unchanged"]) == (0, len(NAMES))


def pages(api: httpx.Client) -> None:
    screened = api.post("/v1/screenings", json={"subjects": [{"type": "wallet", "address": ALICE}]}).json()
    number = screened["screenings"][0]["screening_id"]
    asked = {
        "/": {MIXER}, "/labels": {*NAMES}, f"/labels?wallet={ALICE}": {ALICE}, "/screenings": set(),
        f"/screenings/{number}": {ALICE}, "/questions": set(), "/runs/1": set(), "/ingestion": set(),
        **{f"/wallets/ethereum:{wallet}": {wallet} for wallet in NAMES},
        f"/wallets/ethereum:{BOB}/transfers": {ALICE}, f"/explore/ethereum:{BOB}": set(),
        f"/transactions/{STORY[0].transaction_hash}": set(),
    }  # fmt: skip
    for path, names in asked.items():
        answer = api.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200, (path, answer.text[:300])
        found = Page(answer.text)
        assert not {one for one in found.elements if "evil" in one or one == "onload"}, path
        assert not set(DIRECTION_MARKS) & set(answer.text), path
        for wallet in names:
            assert squeezed(shown(NAMES[wallet])) in squeezed(found.text), (path, NAMES[wallet])


def documents(api: httpx.Client) -> None:
    for wallet, name in NAMES.items():
        answer = api.get(f"/v1/scores/ethereum:{wallet}/report", params={"format": "pdf"})
        assert answer.status_code == 200, answer.text
        body = squeezed(text_of(answer.content))
        if wallet in {MIXER, BOB}:  # Typst's own fonts have no Hebrew, and break long words where they like
            assert squeezed(name)[:12] in body, wallet
        plain = api.get(f"/v1/scores/ethereum:{wallet}/report", params={"format": "json"}).json()
        assert plain["labels"][0]["name"] == name


def tables(api: httpx.Client) -> None:
    for path in ("/v1/export/scores", *(f"/v1/scores/ethereum:{one}/report?format=csv" for one in NAMES)):
        assert not formulas(api.get(path).text), path


def formulas(text: str) -> list[str]:
    """Cells that a spreadsheet would run; numbers below zero are none."""
    cells = (cell for row in csv.reader(io.StringIO(text)) for cell in row)
    return [
        cell
        for cell in cells
        if cell.startswith(FORMULAS) and not cell.removeprefix("-").replace(".", "").isdigit()
    ]


def terminal() -> None:
    for words in (
        ("labels", "list"), ("labels", "history", f"ethereum:{CAROL}"), ("labels", "lists"), ("top",),
        ("explain", f"ethereum:{BOB}"), ("screen", f"ethereum:{CAROL}"),
    ):  # fmt: skip
        printed = aml(*words)
        assert not set(DIRECTION_MARKS) & set(printed), words
        assert "\x1b" not in printed, words
    assert "[boldred]red[/]" in squeezed(aml("labels", "history", f"ethereum:{CAROL}", columns=400))
    said = aml("labels", "list", "--json")
    assert {one["name"] for one in json.loads(said)["labels"]} == {*NAMES.values()}
