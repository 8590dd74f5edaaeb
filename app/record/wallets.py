"""The wallets that the record knows."""

import re
from typing import Any

from sqlalchemy import Connection, Row, text

from app.errors import AmbiguousWallet, InvalidInput, NotFound

_WALLET_REFERENCE = re.compile(r"[\x21-\x7e]{1,200}")
_EVM_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def find_wallet(connection: Connection, reference: str) -> Row[Any]:
    """The wallet (wallet_id, chain, address, batch_id) of an address or `chain:address`.

    EVM addresses are looked up in lower case.

    Raises:
        InvalidInput: no address looks like this.
        NotFound: no transfer of it was ever recorded.
        AmbiguousWallet: the address is known on several chains.
    """
    if not _WALLET_REFERENCE.fullmatch(reference):
        raise InvalidInput(
            "A wallet is an address or chain:address, of up to 200 printable characters without spaces."
        )
    chain, _, rest = reference.partition(":")
    parameters = {"whole": _stored_form(reference), "chain": chain, "rest": _stored_form(rest)}
    rows = connection.execute(_FIND_WALLET, parameters).all()
    if not rows:
        raise NotFound(_never_seen(connection, reference, parameters))
    if len(rows) > 1:
        choices = [f"{row.chain}:{row.address}" for row in rows]
        raise AmbiguousWallet(
            f"{reference} is known on several chains. Ask for one of: {', '.join(choices)}.", choices
        )
    return rows[0]


def _stored_form(address: str) -> str:
    return address.lower() if _EVM_ADDRESS.fullmatch(address) else address


def _never_seen(connection: Connection, reference: str, parameters: dict[str, str]) -> str:
    label = connection.execute(_FIND_LABEL, parameters).first()
    sentence = f"No transfer of {reference} has been recorded, so nothing is known about its money."
    if label is None:
        return sentence
    return f"{sentence} It is labelled {label.category} ({label.name}, says {label.source})."


# An address may hold a colon of its own (`bitcoincash:q…`), so the whole is looked up as an address too.
_FIND_WALLET = text(
    "SELECT wallet_id, chain, address, batch_id FROM wallets WHERE address = :whole"
    " UNION SELECT wallet_id, chain, address, batch_id FROM wallets WHERE chain = :chain AND address = :rest"
    " ORDER BY chain, address LIMIT 50"
)
_FIND_LABEL = text(
    "SELECT category, name, source FROM labels"
    " WHERE (address = :whole OR (chain = :chain AND address = :rest))"
    " AND category IS NOT NULL AND removed_at IS NULL ORDER BY source, name LIMIT 1"
)
