"""Examples of what the record holds as it stands, of the same wallet as `app.api.examples.scores`."""

from app.api.examples.scores import EXPLANATION
from app.labels.answers import LabelHistory, Labels
from app.labels.lookup import RecordedLabel, SpeakingLabel
from app.record.dead_letters import DeadLetters, RefusedMessage
from app.record.transfers import RecordedTransfer, WalletTransfers

_STEP = EXPLANATION.paths[0].transfers[-1]
_LABEL = RecordedLabel(
    chain="ethereum",
    address="0x" + "cc" * 20,
    category="mixer",
    name="Example mixer: 1 ETH",
    source="tagpack",
    confidence=90,
    valid_from=None,
    valid_to=None,
    recorded_at=_STEP.occurred_at,
    removed_at=None,
)
TRANSFERS = WalletTransfers(
    wallet=EXPLANATION.wallet,
    transfers=[
        RecordedTransfer(
            chain="ethereum",
            transaction_hash=_STEP.transaction_hash,
            transfer_index=0,
            block_number=17_173_049,
            occurred_at=_STEP.occurred_at,
            sender=_STEP.sender,
            receiver=_STEP.receiver,
            asset="ETH",
            amount=_STEP.amount,
            decimals=18,
            usd_value="3720.20",
            unobserved="0",
            way="in",
        )
    ],
)
HISTORY = LabelHistory(labels=[_LABEL])
LABELS = Labels(total=1, labels=[SpeakingLabel(**_LABEL.model_dump(), speaks=True)])
DEAD_LETTERS = DeadLetters(
    dead_letters=[
        RefusedMessage(
            origin="transfers/0/17",
            reason="conflict",
            detail="Another transfer of this identity is recorded.",
            payload_bytes=412,
            recorded_at=_STEP.occurred_at,
            published_at=_STEP.occurred_at,
            replayed_at=None,
        )
    ],
    refused_by_reason={"conflict": 1},
)
