"""The transfers of rules about direct contact: the largest ones whatever their share, the rest counted."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from app.answers.explanation import DirectTransfer, RuleEvidence
from app.answers.names import Flow
from app.policy.conditions import Condition
from app.policy.policy import Policy
from app.runs.score_record import ScoreRecord

LARGEST = 20
_FLOWS: tuple[Flow, Flow] = ("source", "destination")


def rule_evidence(connection: Connection, record: ScoreRecord) -> list[RuleEvidence]:
    """Of each rule that fired and looks at direct contact: its transfers with wallets labelled so.

    Labels and transfers are those of the run. What came through others stands in the paths.
    """
    if record.policy is None or record.row is None:
        return []
    return [
        evidence
        for rule in record.policy.rules
        if rule.name in record.row.rules
        for evidence in _of_rule(connection, record, record.policy, rule.name, rule.when)
    ]


def _of_rule(
    connection: Connection, record: ScoreRecord, policy: Policy, name: str, when: Condition
) -> Iterator[RuleEvidence]:
    categories = when.categories
    if when.behaviour == "mule" and policy.mule is not None:
        categories = policy.mule.categories
    elif when.behaviour == "victim" and policy.victim is not None:
        categories = policy.victim.categories
    if not categories or when.hop_at_least > 1 or when.direction == "ownership":
        return
    directions = {"source": _FLOWS[:1], "destination": _FLOWS[1:]}.get(when.direction, _FLOWS)
    if when.behaviour is not None:
        directions = _FLOWS[1:]
    for direction in directions:
        assert record.run is not None  # noqa: S101 - a row has its run
        parameters = {
            "wallet_id": record.wallet.wallet_id,
            "categories": list(categories),
            "firm": when.firm,
            "firm_confidence": policy.firm_confidence,
            "listed": sorted(policy.listed),
            "as_of": record.run.as_of,
            "watermark": record.run.watermark,
            "run_id": record.run.run_id,
            "limit": LARGEST,
        }
        rows = connection.execute(_TRANSFERS[direction], parameters).all()
        if rows:
            yield RuleEvidence(
                rule=name,
                direction=direction,
                transfers=[
                    DirectTransfer(
                        transaction_hash=row.transaction_hash,
                        transfer_index=row.transfer_index,
                        occurred_at=row.occurred_at,
                        counterparty=row.address,
                        label=row.name,
                        category=row.category,
                        listed=row.listed,
                        asset=row.asset,
                        amount=str(int(row.amount)),
                        decimals=row.decimals,
                        usd_value=None if row.usd_value is None else f"{row.usd_value:.2f}",
                    )
                    for row in rows
                ],
                other_transfers=rows[0].transfers - len(rows),
                other_usd=f"{rows[0].usd - sum(row.usd_value or 0 for row in rows):.2f}",
            )


_STATEMENT = """
    SELECT t.transaction_hash, t.transfer_index, t.occurred_at, other.address, l.name, l.category,
        CASE WHEN NOT l.category = ANY(:listed) OR coalesce(l.valid_from, l.valid_to) IS NULL THEN NULL
            WHEN t.occurred_at < l.valid_from THEN 'before' WHEN t.occurred_at >= l.valid_to THEN 'after'
            ELSE 'while' END AS listed,
        a.asset, t.amount, decimals_of(a.chain, a.asset, t.decimals) AS decimals, used.usd_value,
        count(*) OVER () AS transfers, coalesce(sum(used.usd_value) OVER (), 0) AS usd
    FROM pools mine
    JOIN flows f ON f.{pool} = mine.pool_id
    JOIN transactions t USING (transfer_id)
    JOIN assets a ON a.asset_id = t.asset_id
    CROSS JOIN LATERAL (
        SELECT used_usd(t.transfer_id, t.asset_id, t.occurred_at, t.amount, t.usd_value, :run_id) AS usd_value
    ) AS used
    JOIN wallets other
        ON other.wallet_id = t.{other}
    JOIN LATERAL (
        SELECT l.* FROM labels l
        WHERE l.address = other.address AND l.chain = other.chain AND l.category = ANY(:categories)
          AND l.tag IS NULL
          AND (l.confidence >= :firm_confidence) = :firm
          AND l.recorded_at <= :as_of AND (l.removed_at IS NULL OR l.removed_at > :as_of)
          AND (l.valid_from IS NULL OR l.valid_from <= :as_of)
          AND (l.valid_to IS NULL OR :as_of < l.valid_to OR l.category = ANY(:listed))
        ORDER BY l.confidence DESC, l.source, l.name LIMIT 1
    ) AS l ON true
    WHERE mine.wallet_id = :wallet_id AND t.batch_id <= :watermark
      AND (t.retracted_batch_id IS NULL OR t.retracted_batch_id > :watermark)
    ORDER BY used.usd_value DESC NULLS LAST, t.amount DESC, t.transfer_id LIMIT :limit
"""
_TRANSFERS = {
    "source": text(_STATEMENT.format(pool="recv_pool_id", other="sender_id")),
    "destination": text(_STATEMENT.format(pool="send_pool_id", other="receiver_id")),
}
