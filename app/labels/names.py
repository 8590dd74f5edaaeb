"""The name of a wallet, the same wherever one is shown: that of its best label, with the label's source.

The name of an entry of a sanctions list, or of a list without names, is the list's. It names a wallet only
where no other source names it firmly.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.answers.base import WalletName
from app.domain import ZERO_ADDRESS

FIRM_CONFIDENCE = 50
"""A label of less names a wallet only where no other does; a policy may call other labels firm."""
LIST_SOURCES = "^(OFAC|UK Sanctions|EU FSF|UN |Israel NBCTF)"
"""Sources whose names are those of entries; a test holds it together with the readers."""
WalletKey = tuple[str, str]
"""Chain and address."""


@dataclass(frozen=True, slots=True)
class LabelName:
    """What a label calls a wallet, who says so, and what the wallet is by it."""

    name: str
    source: str
    category: str | None
    confidence: int


NULL_ADDRESS = LabelName("Null address", "built-in", "mint_burn", 100)


def wallet_names(connection: Connection, wallet_ids: Collection[int]) -> dict[int, LabelName]:
    """The names of wallets by `wallet_id`; one without a name is left out."""
    rows = connection.execute(_WALLETS, {"wallet_ids": list(wallet_ids)}).all()
    names = names_of(connection, [(row.chain, row.address) for row in rows])
    return {row.wallet_id: names[key] for row in rows if (key := (row.chain, row.address)) in names}


def names_of(connection: Connection, wallets: Collection[WalletKey]) -> dict[WalletKey, LabelName]:
    """The names of wallets by chain and address, also of those that no transfer names."""
    if not wallets:
        return {}
    parameters = {
        "chains": [chain for chain, _ in wallets],
        "addresses": [address for _, address in wallets],
        "lists": LIST_SOURCES,
        "firm": FIRM_CONFIDENCE,
    }
    names = {key: NULL_ADDRESS for key in wallets if key[1] == ZERO_ADDRESS}
    for row in connection.execute(_NAMES, parameters):
        names[row.chain, row.address] = LabelName(row.name, row.source, row.category, row.confidence)
    return names


def named(names: Mapping[WalletKey, LabelName], chain: str, address: str) -> WalletName:
    """The wallet with its name, where it has one, as answers have it."""
    label = names.get((chain, address))
    return WalletName(
        chain=chain,
        address=address,
        name=None if label is None else label.name,
        name_source=None if label is None else label.source,
    )


_WALLETS = text("SELECT wallet_id, chain, address FROM wallets WHERE wallet_id = ANY(:wallet_ids)")
_NAMES = text("""
    SELECT DISTINCT ON (l.chain, l.address) l.chain, l.address, l.name, l.source, l.category, l.confidence
    FROM (
        SELECT DISTINCT * FROM unnest(CAST(:chains AS text[]), CAST(:addresses AS text[]))
    ) AS asked (chain, address)
    JOIN labels l ON l.chain = asked.chain AND l.address = asked.address
    WHERE l.removed_at IS NULL AND l.tag IS NULL AND (l.valid_from IS NULL OR l.valid_from <= now())
    ORDER BY l.chain, l.address, coalesce(l.valid_to <= now(), false),
        CASE WHEN l.source ~ :lists OR lower(l.name) = lower(l.source) THEN 1
            WHEN l.confidence >= :firm THEN 0 ELSE 2 END,
        l.category IS NULL, l.confidence DESC, l.source COLLATE "C", l.name COLLATE "C"
""")
