"""The effective label of a wallet: one for each, chosen by natural keys, never by the order of arrival.

A label counts by its confidence: a weak one that names a service protects nobody, so it only names its
wallet, and a weak one of crime counts where no firm label does. A listing that has ended still counts, since
money that moved while it held was a listed wallet's. A label of one tag is about one user of an address, so
it is none of the wallet (`app/screening/tagged.py` reads it).
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from itertools import groupby

from sqlalchemy import Connection, text

from app.chains.addresses import EVM_CHAINS
from app.domain import MINT_BURN, ZERO_ADDRESS
from app.policy.label_rules import LabelRules


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
    firm: bool = True
    listed: bool = False
    """Whether its dates are those of a listing."""
    ended: bool = False
    """Whether it is a listing that has ended; then the wallet itself is of `other_category`."""
    other_category: str | None = None
    weak_crime: bool = False
    """Whether some weak label says crime of the wallet."""

    @property
    def own_category(self) -> str | None:
        """What the wallet itself is now."""
        return self.other_category if self.ended else self.category


def effective_labels(
    connection: Connection,
    *,
    as_of: datetime,
    rules: LabelRules,
    addresses: Collection[str] | None = None,
    seen_until: int | None = None,
    keys_everywhere: bool = True,
) -> list[EffectiveLabel]:
    """The effective label of every labelled wallet, or of the wallets with `addresses`, by chain and address.

    Args:
        connection: an open transaction.
        as_of: labels recorded, not removed and valid at this time count.
        rules: what decides which label counts.
        addresses: only wallets with one of these addresses, on any chain; None means all.
        seen_until: the zero address is labelled where a transfer up to this batch names it.
        keys_everywhere: a key that is listed on one EVM chain is listed on all of them where a transfer names
            it, unless it is known to be a contract. Runs of before arithmetic 4 did not know that.
    """
    if addresses is not None and not addresses:
        return []
    parameters: dict[str, object] = {
        "as_of": as_of,
        "addresses": None if addresses is None else list(addresses),
        "listed": sorted(rules.listed),
    }
    rows = [EffectiveLabel(*row) for row in connection.execute(_LABELS, parameters)]
    # Whose key is listed on one chain has that listing among the labels of its address.
    if keys_everywhere and any(label.category in rules.listed for label in rows):
        parameters |= {
            "evm": sorted(EVM_CHAINS),
            "firm_confidence": rules.firm_confidence,
            "contracts": sorted(rules.contracts),
            "seen_until": seen_until,
        }
        rows += [EffectiveLabel(*row) for row in connection.execute(_KEYS_ELSEWHERE, parameters)]
    if addresses is None or ZERO_ADDRESS in addresses:
        rows += (
            EffectiveLabel(
                wallet_id, chain, ZERO_ADDRESS, MINT_BURN, "Null address", "built-in", 100, None, None
            )
            for wallet_id, chain in connection.execute(
                _ZERO_WALLETS, {"zero": ZERO_ADDRESS, "seen_until": seen_until}
            )
        )
    return effective_of(rows, rules, as_of)


def effective_of(
    labels: Iterable[EffectiveLabel], rules: LabelRules, as_of: datetime
) -> list[EffectiveLabel]:
    """Of labels that count at a time, the one of each wallet that decides, by chain and address."""
    judged = [label if label.source == "built-in" else _judged(label, rules, as_of) for label in labels]
    judged.sort(key=lambda label: (label.chain, label.address))
    return [
        _chosen(list(of_wallet), rules)
        for _, of_wallet in groupby(judged, key=lambda label: (label.chain, label.address))
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
                # Of nearly all labels nothing more: their digest is the one it was before there was more.
                *((label.other_category, label.weak_crime) if label.ended or label.weak_crime else ()),
            )
        )
        for label in labels
    )
    return sha256("\n".join(lines).encode()).hexdigest()


def _judged(label: EffectiveLabel, rules: LabelRules, as_of: datetime) -> EffectiveLabel:
    """The label with what its confidence and its dates make of it."""
    firm = label.confidence >= rules.firm_confidence
    is_crime = label.category in rules.crimes
    listed = label.category in rules.listed
    return replace(
        label,
        category=label.category if firm or is_crime else None,
        firm=firm,
        listed=listed,
        ended=listed and label.valid_to is not None and label.valid_to <= as_of,
        weak_crime=is_crime and not firm,
    )


def _chosen(labels: list[EffectiveLabel], rules: LabelRules) -> EffectiveLabel:
    """The label of a wallet that counts, of all it has."""
    best = min(labels, key=lambda label: _rank(label, rules))
    current = [label for label in labels if not label.ended and label.category is not None]
    other = min(current, key=lambda label: _rank(label, rules)) if best.ended and current else None
    return replace(
        best,
        other_category=None if other is None or not other.firm else other.category,
        weak_crime=any(label.weak_crime for label in labels),
    )


def _rank(label: EffectiveLabel, rules: LabelRules) -> tuple[object, ...]:
    """Least is best: with a category, firm, not built-in, most severe, most confident, then by names."""
    return (
        label.category is None,
        not label.firm,
        label.source == "built-in",
        -rules.severities.get(label.category or "", -1.0),
        label.ended,
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
      AND (l.valid_from IS NULL OR l.valid_from <= :as_of)
      AND (l.valid_to IS NULL OR :as_of < l.valid_to OR l.category = ANY(CAST(:listed AS text[])))
      AND l.tag IS NULL
      AND (CAST(:addresses AS text[]) IS NULL OR l.address = ANY(CAST(:addresses AS text[])))
""")
_KEYS_ELSEWHERE = text("""
    SELECT w.wallet_id, w.chain, l.address, l.category, l.name, l.source, l.confidence,
        l.valid_from, l.valid_to
    FROM labels l JOIN wallets w ON w.address = l.address AND w.chain <> l.chain
    WHERE l.recorded_at <= :as_of AND (l.removed_at IS NULL OR l.removed_at > :as_of)
      AND (l.valid_from IS NULL OR l.valid_from <= :as_of)
      AND l.category = ANY(CAST(:listed AS text[])) AND l.confidence >= :firm_confidence AND l.tag IS NULL
      AND l.chain = ANY(CAST(:evm AS text[])) AND w.chain = ANY(CAST(:evm AS text[]))
      AND w.batch_id <= coalesce(CAST(:seen_until AS bigint), w.batch_id)
      AND l.address <> ALL(CAST(:contracts AS text[]))
      AND NOT EXISTS (
        SELECT FROM assets a WHERE a.chain = ANY(CAST(:evm AS text[])) AND a.asset = l.address)
      AND (CAST(:addresses AS text[]) IS NULL OR l.address = ANY(CAST(:addresses AS text[])))
""")
_ZERO_WALLETS = text("""
    SELECT wallet_id, chain FROM wallets
    WHERE address = :zero AND batch_id <= coalesce(CAST(:seen_until AS bigint), batch_id)
""")
