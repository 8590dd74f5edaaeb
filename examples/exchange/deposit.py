"""A deposit arrives: publish it, screen it as soon as it was seen, and decide.

AML_URL=http://127.0.0.1:8000 AML_API_TOKEN=… python examples/exchange/deposit.py
"""

import sys
from datetime import UTC, datetime
from secrets import token_hex

from aml_client import AmlClient, NotAnswered, Screening

HOT_WALLET = "0x" + "e1" * 20


def deposit_from(sender: str) -> dict[str, object]:
    """The deposit as the node of the exchange saw it."""
    return {
        "schema_version": 1,
        "chain": "ethereum",
        "transaction_hash": f"0x{token_hex(32)}",
        "transfer_index": 0,
        "block_number": 19_000_000,
        "transaction_index": 3,
        "occurred_at": datetime.now(UTC).isoformat(),
        "sender": sender,
        "receiver": HOT_WALLET,
        "asset": "ETH",
        "amount": "1500000000000000000",
        "decimals": 18,
        "usd_value": "2790.15",
    }


def decision(screening: Screening) -> str:
    """Says `accept`, `review` or `refuse`. Unknown is not clean, and an incomplete answer may still rise."""
    if screening.risk_level in {"high", "severe"}:
        return "refuse"
    if screening.status != "complete" or screening.risk_level != "low":
        return "review"
    return "accept"


def main(sender: str) -> str:
    """Publishes a deposit and says what to do with it."""
    deposit = deposit_from(sender)
    with AmlClient() as aml:
        # 1. Publish it, unless a feed does. Sending it again does no harm.
        (sent,) = aml.publish_transfers([deposit]).results
        if sent.status == "refused":
            raise SystemExit(f"The deposit breaks the contract: {sent.reason}: {sent.detail}")
        # 2. Screen it: its own money, and what this sender paid to this customer before.
        try:
            screening = aml.screen_deposit(
                str(deposit["transaction_hash"]),
                receiver=HOT_WALLET,
                reference="deposit 4711",
                customer_reference="customer 12",
                wait_seconds=60,
            )
        except NotAnswered as exc:  # ask for screening exc.screening_id later; until then nobody knows
            print(exc)
            return "review"
        # 3. What became of its message, should it ever be asked.
        assert sent.partition is not None and sent.offset is not None  # noqa: S101, PT018 - it was published
        print(f"The message: {aml.message(sent.partition, sent.offset).status}")
    print(f"Screening {screening.screening_id}: {screening.status}, {screening.risk_level}")
    print(screening.main_reason)
    for one in screening.transfer.to_customer if screening.transfer else []:
        print(f"  to this customer within {one.days or 'all'} days: {one.usd_value} USD")
    return decision(screening)


if __name__ == "__main__":
    print(main(sys.argv[1] if len(sys.argv) > 1 else "0x" + "d1" * 20))
