"""One plain transfer, retraction, label, policy and story; a test names only what it is about."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from app.domain import Retraction, Transfer
from app.labels.effective import EffectiveLabel
from app.labels.store import LabelRow
from app.policy.policy import Policy, load_policy, parse_policy
from app.settings import PROJECT
from ingest.contract.transfer import encode
from ingest.record.writer import DecodedMessage
from ingest.simulator.simulate import simulate
from ingest.simulator.story import Story

START = datetime(2024, 1, 1, tzinfo=UTC)
"""Block 0; a block is a second."""
CHAIN, ASSET = "ethereum", "ETH"
Event = Transfer | Retraction


def address(number: int) -> str:
    """The address of a wallet, by its number; 0 is the zero address."""
    return f"0x{number:040x}"


FACTS: dict[str, Any] = {
    "block_hash": f"0x{77:064x}",
    "observed_at": START + timedelta(minutes=3),
    "initiator": address(7),
    "kind": "internal",
    "sender_tag": "1042",
    "receiver_tag": '\\N "\\t" \\\\ 💸',  # what COPY and JSON escape
}
"""Every optional field of a transfer."""


def transfer(
    n: int,
    sender: str | int,
    receiver: str | int,
    amount: int,
    **changes: Any,  # noqa: ANN401 - the fields of a transfer
) -> Transfer:
    """The n-th block's transfer, a dollar a base unit; wallets by address or number."""
    made = Transfer(
        chain=CHAIN,
        transaction_hash=f"0x{n:064x}",
        transfer_index=0,
        block_number=n,
        transaction_index=0,
        occurred_at=START + timedelta(seconds=n),
        sender=sender if isinstance(sender, str) else address(sender),
        receiver=receiver if isinstance(receiver, str) else address(receiver),
        asset=ASSET,
        amount=amount,
        decimals=18,
        usd_value=Decimal(amount),
    )
    return replace(made, **changes)


def retraction(of: Transfer, **changes: Any) -> Retraction:  # noqa: ANN401 - the fields of a retraction
    """Takes one transfer back."""
    made = Retraction(
        chain=of.chain,
        transaction_hash=of.transaction_hash,
        asset=of.asset,
        transfer_index=of.transfer_index,
        observed_at=START,
    )
    return replace(made, **changes)


def messages(events: Iterable[Event], *, first_offset: int = 0) -> list[DecodedMessage]:
    """The events as the consumer decodes them from one partition."""
    return [
        DecodedMessage("t", 0, offset, event.message_key.encode(), encode(event), event)
        for offset, event in enumerate(events, first_offset)
    ]


def label_row(wallet: str | int, category: str | None = "mixer", **changes: Any) -> LabelRow:  # noqa: ANN401
    """A label of a list, as a reader gives it."""
    made = LabelRow(
        chain=CHAIN,
        address=wallet if isinstance(wallet, str) else address(wallet),
        category=category,
        name="A name",
        source="a list",
        confidence=90,
        valid_from=None,
        valid_to=None,
        origin="Line 1",
    )
    return replace(made, **changes)


def effective_label(wallet: str | int, category: str | None = "mixer", **changes: Any) -> EffectiveLabel:  # noqa: ANN401
    """The label that counts for a wallet."""
    made = EffectiveLabel(
        wallet_id=None,
        chain=CHAIN,
        address=wallet if isinstance(wallet, str) else address(wallet),
        category=category,
        name="A name",
        source="a list",
        confidence=90,
        valid_from=None,
        valid_to=None,
    )
    return replace(made, **changes)


@cache
def policy(*changes: tuple[str, str]) -> Policy:
    """The shipped policy; each change replaces a part of its text that must be there."""
    shipped = load_policy(PROJECT / "policy.yaml")
    body = shipped.body
    for old, new in changes:
        assert old in body, old
        body = body.replace(old, new)
    return parse_policy(body.encode(), "a policy of a test") if changes else shipped


def four_hops() -> Policy:
    """The shipped policy, but money is followed over four hops: some expected figures are of these."""
    return policy(("hop_limit: 6", "hop_limit: 4"))


def other_policy() -> Policy:
    """The shipped policy, but a mixer weighs 60 and not 70."""
    return policy(("own: 70, source: 70, destination: 50", "own: 60, source: 60, destination: 40"))


@cache
def story(seed: int = 3, *, wallets: int = 300, transfers: int = 1_500) -> Story:
    """A simulated story, told once in a session; tests change nothing of it."""
    return simulate(seed, wallets=wallets, transfers=transfers)
