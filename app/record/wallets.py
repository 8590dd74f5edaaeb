"""The wallets that the record knows."""

from typing import Any

from sqlalchemy import Connection, Row, text

from app.chains.wallet_reference import normalise
from app.errors import AmbiguousWallet, NotFound, UnknownAddress


def find_wallet(connection: Connection, reference: str) -> Row[Any]:
    """The wallet (wallet_id, chain, address, batch_id) that `normalise` reads from the text.

    Raises:
        InvalidInput: no address looks like this.
        NotFound: no transfer of it was ever recorded.
        AmbiguousWallet: the address is known on several chains.
    """
    try:
        candidates = normalise(reference)
    except UnknownAddress as exc:
        raise NotFound(f"{exc} No transfer of it has been recorded.") from exc
    parameters = {"chain": candidates[0].chain, "addresses": [each.address for each in candidates]}
    found = connection.execute(_FIND_WALLET, parameters).all()
    if not found:
        raise NotFound(_never_seen(connection, reference, parameters))
    if len(found) > 1:
        choices = [f"{row.chain}:{row.address}" for row in found]
        raise AmbiguousWallet(
            f"{reference} is known on several chains. Ask for one of: {', '.join(choices)}.", choices
        )
    return found[0]


def _never_seen(connection: Connection, reference: str, parameters: dict[str, Any]) -> str:
    label = connection.execute(_FIND_LABEL, parameters).first()
    sentence = f"No transfer of {reference} has been recorded, so nothing is known about its money."
    if label is None:
        return sentence
    return f"{sentence} It is labelled {label.category} ({label.name}, says {label.source})."


_IS_CANDIDATE = """
    address = ANY(CAST(:addresses AS text[]))
    AND (CAST(:chain AS text) IS NULL OR chain = CAST(:chain AS text))
"""
_FIND_WALLET = text(f"""
    SELECT wallet_id, chain, address, batch_id FROM wallets WHERE {_IS_CANDIDATE}
    ORDER BY chain, address LIMIT 50
""")  # noqa: S608 - a constant of this file
_FIND_LABEL = text(f"""
    SELECT category, name, source FROM labels
    WHERE {_IS_CANDIDATE} AND category IS NOT NULL AND removed_at IS NULL ORDER BY source, name LIMIT 1
""")  # noqa: S608 - a constant of this file
