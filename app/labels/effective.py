"""The effective label of a wallet: one for each, chosen by natural keys, never by the order of arrival."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import groupby

from sqlalchemy import Connection, text

from app.domain import MINT_BURN, ZERO_ADDRESS


@dataclass(frozen=True, slots=True)
class EffectiveLabel:
    """The label that counts for a wallet; `wallet_id` is None until a transfer names the wallet."""

    wallet_id: int | None
    chain: str
    address: str
    category: str | None
    name: str
    source: str
    confidence: int
    valid_from: datetime | None
    valid_to: datetime | None


def effective_labels(
    connection: Connection,
    *,
    as_of: datetime,
    severities: Mapping[str, float],
    addresses: Collection[str] | None = None,
    seen_until: int | None = None,
) -> list[EffectiveLabel]:
    """The effective label of every labelled wallet, or of the wallets with `addresses`, by chain and address.

    Args:
        connection: an open transaction.
        as_of: labels recorded, not removed and valid at this time count.
        severities: severity by category; a category missing here ranks below all of them.
        addresses: only wallets with one of these addresses, on any chain; None means all.
        seen_until: the zero address is labelled where a transfer up to this batch names it.
    """
    parameters = {"as_of": as_of, "addresses": None if addresses is None else list(addresses)}
    rows = [EffectiveLabel(*row) for row in connection.execute(_LABELS, parameters)]
    if addresses is None or ZERO_ADDRESS in addresses:
        rows += (
            EffectiveLabel(
                wallet_id, chain, ZERO_ADDRESS, MINT_BURN, "Null address", "built-in", 100, None, None
            )
            for wallet_id, chain in connection.execute(
                _ZERO_WALLETS, {"zero": ZERO_ADDRESS, "seen_until": seen_until}
            )
        )
    rows.sort(key=lambda label: (label.chain, label.address))
    return [
        min(of_wallet, key=lambda label: _rank(label, severities))
        for _, of_wallet in groupby(rows, key=lambda label: (label.chain, label.address))
    ]


def label_set_digest(labels: Iterable[EffectiveLabel]) -> str:
    """SHA-256 of the effective labels' natural fields, whatever their order; hexadecimal.

    A line is a JSON list, so that no text in a name can look like another label.
    """
    lines = sorted(
        json.dumps(
            (
                label.chain,
                label.address,
                label.category,
                label.name,
                label.source,
                label.confidence,
                _time(label.valid_from),
                _time(label.valid_to),
            )
        )
        for label in labels
    )
    return sha256("\n".join(lines).encode()).hexdigest()


def _rank(label: EffectiveLabel, severities: Mapping[str, float]) -> tuple[object, ...]:
    """Least is best: with a category, not built-in, most severe, most confident, then by names."""
    return (
        label.category is None,
        label.source == "built-in",
        -severities.get(label.category or "", -1.0),
        -label.confidence,
        label.source,
        label.name,
        label.category or "",
    )


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


_LABELS = text("""
    SELECT w.wallet_id, l.chain, l.address, l.category, l.name, l.source, l.confidence,
        l.valid_from, l.valid_to
    FROM labels l LEFT JOIN wallets w ON w.chain = l.chain AND w.address = l.address
    WHERE l.recorded_at <= :as_of AND (l.removed_at IS NULL OR l.removed_at > :as_of)
      AND (l.valid_from IS NULL OR l.valid_from <= :as_of) AND (l.valid_to IS NULL OR :as_of < l.valid_to)
      AND (CAST(:addresses AS text[]) IS NULL OR l.address = ANY(CAST(:addresses AS text[])))
""")
_ZERO_WALLETS = text("""
    SELECT wallet_id, chain FROM wallets
    WHERE address = :zero AND batch_id <= coalesce(CAST(:seen_until AS bigint), batch_id)
""")
