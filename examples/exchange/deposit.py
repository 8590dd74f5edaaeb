"""A deposit arrives: publish it, learn what became of it, score, and decide by score and freshness.

AML_URL=http://127.0.0.1:8000 AML_API_TOKEN=… python examples/exchange/deposit.py
"""

import os
import sys
import time
from datetime import UTC, datetime
from secrets import token_hex

import httpx

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


def main(sender: str) -> str:
    """Says `accept`, `review` or `refuse`."""
    client = httpx.Client(
        base_url=os.environ.get("AML_URL", "http://127.0.0.1:8000"),
        headers={"Authorization": f"Bearer {os.environ['AML_API_TOKEN']}"},
        timeout=120,
    )
    # 1. Publish it. Sending it again would do no harm.
    answer = client.post("/v1/transfers", json={"transfers": [deposit_from(sender)]}).raise_for_status()
    (sent,) = answer.json()["results"]
    if sent["status"] == "refused":
        raise SystemExit(f"The deposit breaks the contract: {sent['reason']}: {sent['detail']}")
    # 2. Learn what became of it.
    place = f"/v1/messages/{sent['partition']}/{sent['offset']}"
    while (outcome := client.get(place).raise_for_status().json())["status"] == "not_read":
        time.sleep(0.2)
    print(f"{place}: {outcome['status']}. {outcome['detail']}")
    # 3. Read the score of whoever paid. A stale one does not know this deposit: run scoring first.
    score = client.get(f"/v1/scores/ethereum:{sender}").raise_for_status().json()
    if score["freshness"] is None or score["freshness"]["stale"]:
        key = f"deposit-{sent['partition']}-{sent['offset']}"
        client.post("/v1/run-score", headers={"Idempotency-Key": key, "Prefer": "wait=60"}).raise_for_status()
        score = client.get(f"/v1/scores/ethereum:{sender}").raise_for_status().json()
    print(f"{sender}: {score['score']} ({score['risk_level']}), {score['freshness']}")
    if score["score"] is None or score["status"] != "complete":
        return "review"
    return {"low": "accept", "medium": "review"}.get(score["risk_level"], "refuse")


if __name__ == "__main__":
    print(main(sys.argv[1] if len(sys.argv) > 1 else "0x" + "d1" * 20))
