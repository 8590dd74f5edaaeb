"""The truth of a story: each pattern as it happened, and what a correct tracing must find."""

from typing import Any

from ingest.simulator.scene import Coin, Scene

Expected = dict[str, Any]


def expect(
    wallet: str, direction: str, category: str, hop: int, coin: Coin, *, share: float | None = None
) -> Expected:
    """An exposure that must be found: more than nothing, and exactly `share` where that is known."""
    return {
        "wallet": wallet,
        "direction": direction,
        "category": category,
        "hop": hop,
        "relation": "direct" if hop == 1 else "indirect",
        "asset": coin.asset,
        "share": share,
    }


def record_pattern(
    scene: Scene,
    kind: str,
    statement: str,
    *,
    wallets: dict[str, list[str]],
    hashes: list[str],
    expected: list[Expected],
) -> None:
    """Records one pattern: who took part, in which transactions, and what must be found."""
    scene.patterns.append(
        {
            "kind": kind,
            "statement": statement,
            "wallets": wallets,
            "transaction_hashes": hashes,
            "expected": expected,
        }
    )


def format_amount(coin: Coin, units: int, name: str) -> str:
    """An amount for people: whole units and thousandths."""
    thousandths = units * 1_000 // coin.scale
    return f"{thousandths // 1_000:,}.{thousandths % 1_000:03d} {name}"
