"""The wallets that the record knows, by a transfer or by a label."""

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, text

from app.chains.wallet_reference import normalise, refuse_hash
from app.errors import AmbiguousWallet, NotFound

NOT_SEEN: Final = 0
"""The `wallet_id` and `batch_id` of a wallet that a label names and no transfer; no row has this id."""


class KnownWallet(NamedTuple):
    """A wallet of the record, and the batch that first saw it."""

    wallet_id: int
    chain: str
    address: str
    batch_id: int

    @property
    def is_seen(self) -> bool:
        """Whether a transfer names it."""
        return self.wallet_id != NOT_SEEN


def find_wallet(connection: Connection, reference: str) -> KnownWallet:
    """The wallet that `normalise` reads from the text: one with a transfer, or with a label.

    Raises:
        InvalidInput: no address looks like this, its checksum is wrong, or its chain is not known.
        NotFound: no transfer and no label of it was ever recorded.
        AmbiguousWallet: the address is known on several chains.
    """
    candidates = normalise(reference)
    parameters: dict[str, Any] = {
        "chain": candidates[0].chain,
        "addresses": [each.address for each in candidates],
    }
    known = [KnownWallet(*row) for row in connection.execute(_FIND_WALLET, parameters)]
    if not known:
        refuse_hash(candidates)
        raise NotFound(f"No transfer of {reference} has been recorded, so nothing is known about its money.")
    if len(known) > 1:
        choices = [f"{each.chain}:{each.address}" for each in known]
        raise AmbiguousWallet(
            f"{reference} is known on several chains. Ask for one of: {', '.join(choices)}.", choices
        )
    return known[0]


_IS_CANDIDATE = """
    {0}.address = ANY(CAST(:addresses AS text[]))
    AND (CAST(:chain AS text) IS NULL OR {0}.chain = CAST(:chain AS text))
"""
_FIND_WALLET = text(f"""
    SELECT wallet_id, chain, address, batch_id FROM wallets w WHERE {_IS_CANDIDATE.format("w")}
    UNION ALL
    SELECT DISTINCT {NOT_SEEN}, chain, address, {NOT_SEEN} FROM labels l
    WHERE {_IS_CANDIDATE.format("l")} AND removed_at IS NULL
        AND NOT EXISTS (SELECT FROM wallets w WHERE w.chain = l.chain AND w.address = l.address)
    ORDER BY chain, address LIMIT 50
""")  # noqa: S608 - constants of this file
