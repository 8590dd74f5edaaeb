"""For fifty wallets of every kind the API, the report and Cypher in the graph give the same figures."""

import io
import re
from collections import defaultdict
from typing import Any

import pytest
from pypdf import PdfReader

from app.domain import decimal_units
from app.graph import Graph
from app.labels.store import LabelRow
from app.postgres import Postgres
from app.report.document import pdf
from app.report.wallet_report import wallet_report
from app.scoring.listing import top_scores
from app.scoring.reads import find_wallet
from app.scoring.shapes import Explanation
from app.scoring.stored import read_stored
from app.settings import Settings
from cypher import query
from ingest.simulator.simulate import simulate
from tests.investigating import tell

STORY = simulate(7, wallets=400, transfers=1_500)
WALLETS = 50
UNKNOWN = "unknown"


def kinds(found: Explanation) -> set[str]:
    """What this wallet shows: level, status, direction, categories by direction and hop, residuals."""
    if found.score is None:
        return {UNKNOWN}
    return {
        f"level {found.risk_level}",
        f"decided by {found.direction}",
        f"weighed by {found.weighting}",
        *(f"{item.direction} {item.category} {item.hop}" for item in found.exposures),
        *(f"{item.direction} {item.kind} {item.hop}" for item in found.residuals),
        *(f"rule {rule}" for rule in found.rules),
        *(["sent beyond received"] if found.sent_beyond_received else []),
    }


def _of_every_kind(postgres: Postgres) -> list[str]:
    """Fifty wallets: those that add most to what is covered first, and then others."""
    with postgres.transaction(snapshot=True) as connection:
        ranked = [each.wallet.address for each in top_scores(connection, 1_000, None).scores]
        shown = {
            address: kinds(Explanation(**dict(read_stored(connection, address).score))) for address in ranked
        }
    covered: set[str] = set()
    chosen: list[str] = []
    while len(chosen) < WALLETS:
        best = max((each for each in ranked if each not in chosen), key=lambda w: len(shown[w] - covered))
        chosen.append(best)
        covered |= shown[best]
    assert covered == set().union(*shown.values())
    return chosen


def test_fifty_wallets_have_the_same_figures_everywhere(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    labels = [
        LabelRow(each.chain, each.address, each.category, each.name, each.source, 1, None, None, "simulator")
        for each in STORY.labels
    ]
    tell(settings, postgres, graph, STORY.transfers, labels)
    chosen = _of_every_kind(postgres)
    assert len(set(chosen)) == WALLETS
    covered: set[str] = set()
    for address in chosen:
        report = wallet_report(postgres, graph, settings, address)
        found = report.explanation
        covered |= kinds(found)
        _equals_the_document(found, pdf(report))
        with postgres.transaction() as connection:
            wallet_id = find_wallet(connection, address).wallet_id
        _equals_the_graph(graph, wallet_id, found)
    for wanted in ("level low", "level high", "decided by source", "decided by destination"):
        assert wanted in covered, sorted(covered)
    for kind in ("unobserved_origin", "still_held", "beyond_hop_limit"):
        assert any(kind in each for each in covered), kind


def _equals_the_document(found: Explanation, document: bytes) -> None:
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(document)).pages)
    shown = re.sub(r"\s+", "", text)
    expected = [found.score or UNKNOWN, *(part.points for part in found.contributions)]
    expected += [f"{part.share:.12f}" for part in found.contributions]
    for item in (*found.exposures, *found.residuals):
        if item.amount is not None:
            expected += [decimal_units(item.amount, item.decimals), f"{item.share * 100:.6f}%"]
    expected += [step.transaction_hash for path in found.paths for step in path.transfers]
    assert not [each for each in expected if each not in shown], found.wallet.address


def _equals_the_graph(graph: Graph, wallet_id: int, found: Explanation) -> None:
    """Every exposure to a category, by direction and hop, as the path queries find it."""
    assert found.run is not None
    for direction in ("source", "destination"):
        given = {
            "wallet_ids": [wallet_id],
            "watermark": found.run.watermark,
            "hop_limit": found.run.hop_limit,
        }
        amounts: dict[Any, float] = defaultdict(float)
        for row in graph.read(query(f"exposure/{direction}_paths"), given):
            if row["category"] is not None:
                amounts[row["category"], row["hop"]] += row["amount"]
        stated: dict[Any, float] = defaultdict(float)
        rounded = 0.5 * sum(item.amount is not None for item in found.exposures)  # each to a whole base unit
        for item in found.exposures:
            if item.direction == direction and item.amount is not None:
                stated[item.category, item.hop] += float(item.amount)
        assert amounts == pytest.approx(stated, rel=1e-9, abs=rounded), (found.wallet.address, direction)
