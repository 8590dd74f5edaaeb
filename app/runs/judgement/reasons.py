"""Why a wallet has its level and its flags, in sentences with amount, share, date and name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from app.answers.scores import Reason
from app.ledger.cells import DESTINATION, DIRECTION_NAMES, RESIDUALS, SOURCE, decode
from app.policy.columns import column_of
from app.policy.conditions import Condition, Rule
from app.policy.policy import Policy

_VERBS = {"source": ("received", "came from"), "destination": ("sent", "went to")}
_ROUNDING = 1e-12
"""Engines differ in the last digits of shares, and their sentences must not."""
_OF = {SOURCE: "of what it received", DESTINATION: "of what it sent"}


@dataclass(frozen=True, slots=True)
class Contact:
    """The transfer that shows best what decided a level: with whom it was, when, and its value if known."""

    name: str | None
    address: str
    occurred_at: datetime
    usd_value: float | None
    transaction_hash: str

    def __str__(self) -> str:
        who = f"{self.name} ({self.address})" if self.name else self.address
        worth = "without a price" if self.usd_value is None else f"of {usd(self.usd_value)}"
        return (
            f"the largest with {who} on {self.occurred_at:%Y-%m-%d}, {worth}, in transaction "
            f"{self.transaction_hash}"
        )


def contacts_of(
    connection: Connection, rows: Sequence[Row[Any]], as_of: datetime, run_id: int
) -> dict[int, Contact]:
    """By wallet_id, for rows of `risk_scores` that name a transfer, what it was, as that run valued it."""
    pairs = [(row.wallet_id, row.reason_transfer_id) for row in rows if row.reason_transfer_id is not None]
    if not pairs:
        return {}
    parameters = {
        "wallet_ids": [wallet_id for wallet_id, _ in pairs],
        "transfer_ids": [transfer_id for _, transfer_id in pairs],
        "as_of": as_of,
        "run_id": run_id,
    }
    return {
        row.wallet_id: Contact(
            row.name,
            row.address,
            row.occurred_at,
            None if row.usd_value is None else float(row.usd_value),
            row.transaction_hash,
        )
        for row in connection.execute(_CONTACTS, parameters)
    }


def reasons_of(
    policy: Policy, columns: Sequence[str], row: Row[Any], contact: Contact | None
) -> list[Reason]:
    """The reason of every rule that fired; what decided the level stands first, though it be the score."""
    deciding = _deciding_rule(policy, row)
    reasons = [_reason(columns, row, contact, rule, decides=rule is deciding) for rule in _fired(policy, row)]
    reasons.sort(key=lambda reason: not reason.decides)
    if deciding is None:
        sentence = _of_level(policy, columns, row, contact)
        reasons.insert(0, Reason(rule="score", outcome=row.risk_level or "", decides=True, sentence=sentence))
    return reasons


def main_reason(policy: Policy, columns: Sequence[str], row: Row[Any], contact: Contact | None) -> str:
    """What decided the level, in one sentence."""
    deciding = _deciding_rule(policy, row)
    if deciding is None:
        return _of_level(policy, columns, row, contact)
    return _reason(columns, row, contact, deciding, decides=True).sentence


def usd(value: float) -> str:
    """An amount for people."""
    return f"{value:,.2f} USD"


def percent(share: float) -> str:
    """A share for people: all of it is 100 %, and next to nothing is not 0; what rounding leaves is."""
    if share <= _ROUNDING or share >= 1 - _ROUNDING:
        return f"{share:.0%}".replace("%", " %")
    if share < 0.0001:  # noqa: PLR2004 - two digits would show nothing
        return "less than 0.01 %"
    return f"{min(share, 0.9999):.2%}".replace("%", " %")


def _fired(policy: Policy, row: Row[Any]) -> Iterator[Rule]:
    return (rule for rule in policy.rules if rule.name in row.rules)


def _deciding_rule(policy: Policy, row: Row[Any]) -> Rule | None:
    """The first rule with the level, where the score alone does not give it."""
    if row.band == row.risk_level:
        return None
    return next((rule for rule in _fired(policy, row) if rule.level_at_least == row.risk_level), None)


def _reason(
    columns: Sequence[str],
    row: Row[Any],
    contact: Contact | None,
    rule: Rule,
    *,
    decides: bool,
) -> Reason:
    figures = list(_figures(columns, row, rule.when))
    if decides and contact is not None:
        figures.append(str(contact))
    sentence = rule.sentence.rstrip(".") + (f": {'; '.join(figures)}." if figures else ".")
    outcome = rule.flag or rule.level_at_least or ""
    return Reason(rule=rule.name, outcome=outcome, decides=decides, sentence=sentence)


def _figures(columns: Sequence[str], row: Row[Any], when: Condition) -> Iterator[str]:
    """Amount and share of each direction that the condition looks at."""
    for direction, total in ((SOURCE, row.usd_received), (DESTINATION, row.usd_sent)):
        if when.direction not in {DIRECTION_NAMES[direction], "any"} or not when.categories:
            continue
        share, names = _share(columns, row, when, direction)
        if share > 0:
            amount = f"{usd(share * total)}, " if total > 0 else ""
            yield f"{amount}{percent(share)} {_OF[direction]} ({', '.join(names)})"


def _share(columns: Sequence[str], row: Row[Any], when: Condition, direction: int) -> tuple[float, list[str]]:
    share, parts = 0.0, dict[str, float]()
    for code, part in zip(row.cells, row.shares, strict=True):
        of_direction, column, hop = decode(code)
        if of_direction != direction or column < len(RESIDUALS):
            continue
        of_column = column_of(columns[column])
        counts = of_column.category in when.categories and of_column.firm == when.firm
        if counts and of_column.firm:
            counts = of_column.period in when.listed
        if counts and when.hop_at_least <= hop <= when.hop_at_most:
            share += part
            parts[of_column.category] = parts.get(of_column.category, 0.0) + part
    return share, sorted(parts, key=lambda name: -parts[name])


def _of_level(policy: Policy, columns: Sequence[str], row: Row[Any], contact: Contact | None) -> str:
    if row.direction == "ownership":
        return f"The wallet itself is labelled {row.main_category}."
    if row.risk_level == "unrated":
        if row.source_coverage is None:
            return "Nothing that it received was seen, and most of what it sent is beyond the hop limit."
        return (
            f"Too little is known: {percent(row.source_coverage)} of what it received has a known origin, "
            f"less than {percent(policy.unrated_below)}."
        )
    if row.direction is None:
        return "No money leads to a category with points."
    direction = DIRECTION_NAMES.index(row.direction)
    share, farthest = 0.0, 0
    for code, part in zip(row.cells, row.shares, strict=True):
        of_direction, column, hop = decode(code)
        if (
            of_direction == direction
            and column_of(columns[column]).category == row.main_category
            and part > 0
        ):
            share += part
            farthest = max(farthest, hop)
    did, verb = _VERBS[row.direction]
    total = row.usd_received if direction == SOURCE else row.usd_sent
    amount = f", {usd(share * total)}," if total > 0 else ""
    hops = "1 hop" if farthest == 1 else f"{farthest} hops"
    shown = f"; {contact}" if contact is not None else ""
    return f"{percent(share)} of what it {did}{amount} {verb} {row.main_category}, within {hops}{shown}."


_CONTACTS = text("""
    SELECT asked.wallet_id, other.address, t.occurred_at, t.transaction_hash, named.name,
        used_usd(t.transfer_id, t.asset_id, t.occurred_at, t.amount, t.usd_value, :run_id) AS usd_value
    FROM unnest(CAST(:wallet_ids AS bigint[]), CAST(:transfer_ids AS bigint[]))
        AS asked (wallet_id, transfer_id)
    JOIN transactions t ON t.transfer_id = asked.transfer_id
    JOIN wallets other ON other.wallet_id
        = CASE asked.wallet_id WHEN t.receiver_id THEN t.sender_id ELSE t.receiver_id END
    LEFT JOIN LATERAL (
        SELECT l.name FROM labels l
        WHERE l.address = other.address AND l.chain = other.chain AND l.category IS NOT NULL AND l.tag IS NULL
          AND l.recorded_at <= :as_of AND (l.removed_at IS NULL OR l.removed_at > :as_of)
        ORDER BY l.confidence DESC, l.source, l.name LIMIT 1
    ) AS named ON true
""")
