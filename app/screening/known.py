"""What the record holds of some wallets now: the published run's row, what came after it, and labels."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from app.chains.addresses import EVM_CHAINS
from app.chains.wallet_reference import Candidate
from app.domain import MINT_BURN, ZERO_ADDRESS
from app.labels.effective import EffectiveLabel, effective_of
from app.policy.policy import Policy
from app.record.wallets import NOT_SEEN, KnownWallet
from app.runs.stored_policy import knows_keys


@dataclass(frozen=True)
class LabelRecord:
    """A label with the times of its recording and removal."""

    label: EffectiveLabel
    recorded_at: datetime
    removed_at: datetime | None
    tag: str | None = None

    def holds(self, moment: datetime, listed: frozenset[str]) -> bool:
        """Whether it counts at a time, as `effective_labels` reads it."""
        label = self.label
        if self.recorded_at > moment or (self.removed_at is not None and self.removed_at <= moment):
            return False
        if label.valid_from is not None and label.valid_from > moment:
            return False
        return label.valid_to is None or moment < label.valid_to or label.category in listed


@dataclass(frozen=True)
class Known:
    """One wallet: its rows of the run, and its labels, those of the same key on other chains behind them."""

    wallet: KnownWallet
    row: Any = None
    changed_in: int = 0
    """The last batch that changed a pool of it; 0 without any."""
    exposures: Sequence[Any] = ()
    labels: Sequence[LabelRecord] = ()
    elsewhere: Sequence[LabelRecord] = field(default=())
    """Listings of the same key on other EVM chains, which hold here as well."""
    tagged: Sequence[LabelRecord] = ()
    """Labels of single tags of the address; they are none of the wallet."""

    def of_tag(self, policy: Policy, tag: str | None, moment: datetime) -> EffectiveLabel | None:
        """The label that counts for one tag of the address at a time."""
        labels = [one.label for one in self.tagged if one.tag == tag and one.holds(moment, policy.listed)]
        found = effective_of(labels, policy.label_rules, moment)
        return found[0] if found else None

    def of_run(self, policy: Policy, run: Row[Any]) -> EffectiveLabel | None:
        """The label that it had for a run."""
        seen = self if knows_keys(run) else replace(self, elsewhere=())
        return seen.effective(policy, run.as_of)

    def effective(self, policy: Policy, moment: datetime) -> EffectiveLabel | None:
        """The label that counts at a time."""
        listed = policy.listed
        labels = [one.label for one in (*self.labels, *self.elsewhere) if one.holds(moment, listed)]
        if self.wallet.address == ZERO_ADDRESS and self.wallet.is_seen:
            null = EffectiveLabel(
                None, "", ZERO_ADDRESS, MINT_BURN, "Null address", "built-in", 100, None, None
            )
            labels.append(null)
        here = [replace(one, wallet_id=self.wallet.wallet_id, chain=self.wallet.chain) for one in labels]
        found = effective_of(here, policy.label_rules, moment)
        return found[0] if found else None


_NULL = EffectiveLabel(None, "", ZERO_ADDRESS, MINT_BURN, "Null address", "built-in", 100, None, None)


def read_known(
    connection: Connection, asked: Sequence[Sequence[Candidate]], run_id: int | None, policy: Policy
) -> list[list[Known]]:
    """For each subject its wallets that have a transfer or a label, or the one that it names."""
    flat = [(place, *candidate) for place, candidates in enumerate(asked) for candidate in candidates]
    parameters = {
        "places": [place for place, _, _ in flat],
        "chains": [chain for _, chain, _ in flat],
        "addresses": [address for _, _, address in flat],
        "run_id": run_id,
    }
    seen: dict[int, dict[tuple[str, str], Known]] = defaultdict(dict)
    for row in connection.execute(_KNOWN, parameters):
        wallet = KnownWallet(row.known_id, row.chain, row.address, row.batch_id)
        has_row = row.wallet_id is not None and row.score is not None
        seen[row.place][wallet.chain, wallet.address] = Known(
            wallet, row if has_row else None, row.changed_in or 0
        )
    labels = _labels(connection, {address for _, _, address in flat})
    contracts = _contracts(connection, labels, policy)
    for place, chain, address in flat:
        chains = {one.label.chain for one in labels.get(address, ())} if chain is None else {chain}
        for one in chains:
            if (one, address) not in seen[place]:
                seen[place][one, address] = Known(KnownWallet(NOT_SEEN, one, address, NOT_SEEN))
    ids = sorted(
        {known.wallet.wallet_id for wallets in seen.values() for known in wallets.values() if known.row}
    )
    exposures: dict[int, list[Row[Any]]] = defaultdict(list)
    if ids:
        for row in connection.execute(_EXPOSURES, {"wallet_ids": ids, "run_id": run_id}):
            exposures[row.wallet_id].append(row)
    return [
        [
            replace(
                known,
                exposures=exposures.get(known.wallet.wallet_id, ()),
                labels=_on(chain, labels.get(known.wallet.address, ()), tagged=False),
                tagged=_on(chain, labels.get(known.wallet.address, ()), tagged=True),
                elsewhere=_elsewhere(labels.get(known.wallet.address, ()), chain, contracts, policy),
            )
            for (chain, _), known in sorted(seen[place].items())
        ]
        for place in range(len(asked))
    ]


def _on(chain: str, labels: Sequence[LabelRecord], *, tagged: bool) -> list[LabelRecord]:
    return [one for one in labels if one.label.chain == chain and (one.tag is not None) == tagged]


def _labels(connection: Connection, addresses: set[str]) -> dict[str, list[LabelRecord]]:
    found: dict[str, list[LabelRecord]] = defaultdict(list)
    for row in connection.execute(_LABELS, {"addresses": sorted(addresses)}):
        label = EffectiveLabel(None, *row[:8])
        found[label.address].append(LabelRecord(label, row.recorded_at, row.removed_at, row.tag))
    return found


def _elsewhere(
    labels: Sequence[LabelRecord], chain: str, contracts: frozenset[str], policy: Policy
) -> list[LabelRecord]:
    """One key signs on every EVM chain, but a contract's address is of one chain alone."""
    return [
        one
        for one in labels
        if chain in EVM_CHAINS
        and one.tag is None
        and one.label.chain in EVM_CHAINS - {chain}
        and one.label.category in policy.listed
        and one.label.confidence >= policy.firm_confidence
        and one.label.address not in contracts
    ]


def _contracts(
    connection: Connection, labels: dict[str, list[LabelRecord]], policy: Policy
) -> frozenset[str]:
    """Which listed addresses are known to be contracts: a token has them as its asset."""
    listed = sorted(
        address
        for address, of_address in labels.items()
        if any(one.label.category in policy.listed and one.label.chain in EVM_CHAINS for one in of_address)
    )
    if not listed:
        return frozenset()
    tokens = connection.execute(_CONTRACTS, {"addresses": listed, "evm": sorted(EVM_CHAINS)}).scalars()
    return frozenset(tokens) | frozenset(policy.label_rules.contracts)


_KNOWN = text("""
    SELECT asked.place, w.wallet_id AS known_id, w.chain, w.address, w.batch_id,
        (SELECT max(p.last_batch_id) FROM pools p WHERE p.wallet_id = w.wallet_id) AS changed_in, s.*
    FROM unnest(CAST(:places AS int[]), CAST(:chains AS text[]), CAST(:addresses AS text[]))
        AS asked (place, chain, address)
    JOIN wallets w ON w.address = asked.address AND (asked.chain IS NULL OR w.chain = asked.chain)
    LEFT JOIN risk_scores s ON s.wallet_id = w.wallet_id
        AND is_of_run(s.run_id, s.until_run_id, CAST(:run_id AS bigint))
""")
_EXPOSURES = text("""
    SELECT e.*, a.asset, a.decimals FROM exposures e JOIN assets a USING (asset_id)
    WHERE e.wallet_id = ANY(:wallet_ids) AND is_of_run(e.run_id, e.until_run_id, CAST(:run_id AS bigint))
    ORDER BY e.wallet_id, e.direction, a.asset, e.asset_id
""")
_LABELS = text("""
    SELECT chain, address, category, name, source, confidence, valid_from, valid_to, recorded_at, removed_at,
        tag
    FROM labels WHERE address = ANY(:addresses)
    ORDER BY recorded_at, label_id
""")
_CONTRACTS = text("""
    SELECT DISTINCT asset FROM assets WHERE asset = ANY(:addresses) AND chain = ANY(CAST(:evm AS text[]))
""")
