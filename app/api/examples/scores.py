"""One consistent example for every answer of the documentation: a wallet with a mixer two hops behind it."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from app.answers.schemas import (
    ContributingWallet,
    Contribution,
    Counterparty,
    EvidenceItem,
    EvidenceQuery,
    Explanation,
    ExposureItem,
    GraphState,
    NotListed,
    NotListedTotals,
    PathTransfer,
    RankedWallet,
    Residual,
    Run,
    RunName,
    Runs,
    TopScores,
    WalletName,
    WalletScore,
)
from app.operations.status import (
    GraphStatus,
    IngestionStatus,
    PartitionStatus,
    RecordStatus,
    Throughput,
    Totals,
)
from app.record.last_reconciliation import LastReconciliation


def answers(status: int, example: BaseModel) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI response of that status with its example."""
    content = {"application/json": {"example": example.model_dump(mode="json")}}
    return {status: {"content": content}}


_AT = datetime(2026, 1, 5, 12, 0, 11, tzinfo=UTC)
_WALLET = WalletName(chain="ethereum", address="0x" + "aa" * 20)
_MIDDLE = WalletName(chain="ethereum", address="0x" + "bb" * 20)
_MIXER = WalletName(chain="ethereum", address="0x" + "cc" * 20)
_RUN = RunName(
    run_id=3,
    policy_version="2026-01",
    policy_digest="5d41402abc4b2a76b9719d911017c592ae2f2d3f6b0a1d0e4a8f6b1c2d3e4f50",
    label_set_digest="7d793037a0760186574b0282f2f435e7ab31d5d6e0f1a2b3c4d5e6f708192a3b",
    watermark=118,
    engine="ledger",
    hop_limit=4,
    as_of=_AT,
)
SCORE = WalletScore(
    wallet=_WALLET,
    score="14.000000",
    risk_level="low",
    status="complete",
    band="low",
    direction="source",
    weighting="usd",
    unpriced_transfers=0,
    run=_RUN,
    exposures=[
        ExposureItem(
            asset="ETH",
            direction="source",
            category="mixer",
            hop=2,
            amount="500000000000000000",
            decimals=18,
            share=0.25,
            usd_value="930.05",
        )
    ],
    residuals=[
        Residual(
            asset="ETH",
            direction="source",
            kind="unobserved_origin",
            hop=1,
            amount="1500000000000000000",
            decimals=18,
            share=0.75,
        )
    ],
    contributions=[
        Contribution(
            direction="source",
            category="mixer",
            hop=2,
            share=0.25,
            severity=80,
            hop_weight=0.7,
            points="14.000000",
        )
    ],
)
_WEIGHED = {
    "asset": "ETH",
    "decimals": 18,
    "direction": "source",
    "share": 0.25,
    "weighted_share": 0.25,
    "points": "14.000000",
}
_LABEL = {"category": "mixer", "label": "Example mixer: 1 ETH"}
_NOTHING = NotListed(share=0, points="0.000000")
EXPLANATION = Explanation(
    **dict(SCORE),
    top_counterparties=[Counterparty(wallet=_MIDDLE, amount="500000000000000000", **_WEIGHED)],
    top_contributing_wallets=[
        ContributingWallet(wallet=_MIXER, amount="500000000000000000", **_LABEL, **_WEIGHED)
    ],
    paths=[
        EvidenceItem(
            label_source="tagpack",
            label_confidence=90,
            hop=2,
            amount_carried="500000000000000000",
            transfers=[
                PathTransfer(
                    transaction_hash="0x" + f"{number:064x}",
                    transfer_index=0,
                    occurred_at=_AT,
                    sender=sender.address,
                    receiver=receiver.address,
                    asset="ETH",
                    amount="1000000000000000000",
                    amount_carried="500000000000000000",
                )
                for number, sender, receiver in ((1, _MIXER, _MIDDLE), (2, _MIDDLE, _WALLET))
            ],
            **_LABEL,
            **_WEIGHED,
        )
    ],
    not_listed=NotListedTotals(share=0, points="0.000000", source=_NOTHING, destination=_NOTHING),
    evidence_query=EvidenceQuery(
        transfers=2,
        query="CYPHER 25\nMATCH path = ()-[t:TRANSFER]->()\nWHERE t.transfer_id IN [17, 18]\nRETURN path",
        url="http://127.0.0.1:7474/browser/?cmd=edit&arg=CYPHER%2025%0AMATCH…",
    ),
    graph=GraphState(watermark=118, batches_since_run=0, transfers_since_run=0),
)
TOP = TopScores(
    run=_RUN,
    scores=[
        RankedWallet(
            wallet=_WALLET,
            score="14.000000",
            risk_level="low",
            direction="source",
            main_category="mixer",
            main_reason="25.00% of what it received came from mixer, within 2 hops.",
        )
    ],
    next="WzMsIDE0MDAwMDAwLCA0Ml0=",
)
RUN = Run(
    **dict(_RUN),
    status="completed",
    published=True,
    application_version="0.1.0",
    started_at=_AT,
    completed_at=_AT,
    progress=1,
    step="done",
    transfers=117,
    unpriced_transfers=3,
    wallets=64,
    labelled_wallets=5,
    recorded_transfers=119,
    record_digest="8f434346648f6b96df89dda901c5176b",
    results_digest="a3f5c1d2e4b6978877665544332211009f8e7d6c5b4a39281706f5e4d3c2b1a0",
)
RUNNING_RUN = RUN.model_copy(
    update={
        "status": "running",
        "published": False,
        "completed_at": None,
        "progress": 0.02,
        "step": "reading transfers",
        "transfers": None,
        "unpriced_transfers": None,
        "wallets": None,
        "labelled_wallets": None,
        "recorded_transfers": None,
        "record_digest": None,
        "results_digest": None,
    }
)
CANCELLED_RUN = RUNNING_RUN.model_copy(
    update={"status": "cancelled", "completed_at": _AT, "cancel_requested": True}
)
RUNS = Runs(runs=[RUN])
STATUS = IngestionStatus(
    partitions=[
        PartitionStatus(
            topic="transfers",
            partition=0,
            next_offset=119,
            end_offset=120,
            lag=1,
            consumed=119,
            stored=117,
            duplicates=1,
            dead=1,
        )
    ],
    lag=1,
    totals=Totals(consumed=119, stored=117, duplicates=1, dead=1, restated=2, retracted=0),
    throughput=Throughput(one_minute=1.95, five_minutes=0.39),
    seconds_since_last_ingestion=0.4,
    graph=GraphStatus(
        ready=True, behind_batches=0, behind_transfers=0, behind_seconds=0, wallets=64, transfers=117
    ),
    record=RecordStatus(transfers=117, wallets=64, assets=2),
    dead_letters={"conflict": 1},
    latest_run=RUN,
    reconciliation=LastReconciliation(completed_at=_AT, equal=True, differences=0, broken_references=0),
    published_run=3,
    as_of=_AT,
)
