"""Search: a text as an address, a hash, the beginning of an address, the name of a label, or a reference."""

import re
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, text

from app.chains.wallet_reference import normalise
from app.errors import AmlError, DependencyMissing, InvalidInput, QueryTimeout
from app.investigation.found import SearchMatch, SearchResult, SearchResults
from app.investigation.questions import complete, question
from app.labels.names import WalletKey, named, names_of
from app.record.transfers import transaction_transfers
from app.stores.graph import Graph
from app.stores.postgres import Postgres

NAME_SECONDS = 3.0
LEAST_BEGINNING = 4
"""Characters: fewer are the beginning of too many addresses."""
_hash = re.compile(r"(0x)?[0-9a-fA-F]{64}|[1-9A-HJ-NP-Za-km-z]{80,100}").fullmatch
_beginning = re.compile(r"(?:[A-Za-z][A-Za-z0-9_-]*:)?[0-9A-Za-z]+").fullmatch
_Found = tuple[SearchMatch, WalletKey]


def search(
    postgres: Postgres, graph: Graph, asked: str, *, chain: str | None = None, limit: int = 12
) -> SearchResults:
    """What the text names, the exact first; `chain` keeps wallets of one chain.

    Raises:
        InvalidInput: the text is empty.
    """
    words = asked.strip()
    if not words:
        raise InvalidInput(
            "Type an address, the beginning of one, a transaction hash, a name or a reference."
        )
    reasons: list[str] = []
    with postgres.transaction(snapshot=True) as connection:
        if _hash(words) and (transfers := transaction_transfers(connection, words, 1)):
            hash_ = transfers[0].transaction_hash
            result = SearchResult(match="transaction", wallet=None, transaction_hash=hash_)
            return SearchResults(results=[result], is_cut=False, incomplete_reasons=[])
        found = list(_exact(connection, words))
        if not found:
            found = [*_beginnings(connection, words, limit + 1), *_references(connection, words, limit + 1)]
            found += _by_name(graph, words, limit + 1, reasons)
        unique: dict[WalletKey, SearchMatch] = {}
        for match, key in found:
            if chain is None or key[0] == chain:
                unique.setdefault(key, match)
        names = names_of(connection, list(unique))
    results = [
        SearchResult(match=match, wallet=named(names, *key), transaction_hash=None)
        for key, match in unique.items()
    ]
    return SearchResults(results=results[:limit], is_cut=len(results) > limit, incomplete_reasons=reasons)


def _exact(connection: Connection, words: str) -> Iterator[_Found]:
    """The wallets of this address that the record knows, on every chain."""
    try:
        candidates = normalise(words)
    except InvalidInput:  # no address: it may be anything else
        return
    parameters = {"chain": candidates[0].chain, "addresses": [each.address for each in candidates]}
    for row in connection.execute(_EXACT, parameters):
        yield "address", (row.chain, row.address)


def _beginnings(connection: Connection, words: str, limit: int) -> Iterator[_Found]:
    """Wallets whose address begins so; a text between two characters of the alphabet ends the range."""
    if not _beginning(words):
        return
    chain, _, beginning = words.rpartition(":")
    if len(beginning) < LEAST_BEGINNING:
        return
    for text_ in dict.fromkeys((beginning, beginning.lower())):
        parameters = {"chain": chain or None, "first": text_, "beyond": f"{text_}\x7f", "limit": limit}
        for row in connection.execute(_BEGINNINGS, parameters):
            yield "beginning", (row.chain, row.address)


def _references(connection: Connection, words: str, limit: int) -> Iterable[_Found]:
    """Wallets that the caller knows by this reference, or that belong to this customer."""
    for row in connection.execute(_REFERENCES, {"words": words, "limit": limit}):
        yield ("customer_reference" if row.is_customer else "reference"), (row.chain, row.address)


def _by_name(graph: Graph, words: str, limit: int, reasons: list[str]) -> Iterator[_Found]:
    """Wallets whose label's name has these words; adds a reason where the graph does not answer."""
    about = question("wallets_by_name")
    try:
        parameters = complete(about, {"words": words, "row_limit": limit})
        rows = graph.read_graph(about.query, parameters, timeout_seconds=NAME_SECONDS)
    except (DependencyMissing, QueryTimeout) as exc:
        reasons.append(f"Names were not searched: {exc}")
        return
    except AmlError:  # nothing of the text can stand in a name
        return
    for row in rows:
        yield "name", (row["chain"], row["address"])


_EXACT = text("""
    SELECT chain, address FROM wallets
    WHERE address = ANY(CAST(:addresses AS text[])) AND (CAST(:chain AS text) IS NULL OR chain = :chain)
    UNION
    SELECT chain, address FROM labels
    WHERE address = ANY(CAST(:addresses AS text[])) AND (CAST(:chain AS text) IS NULL OR chain = :chain)
        AND removed_at IS NULL
    ORDER BY chain, address LIMIT 50
""")
_BEGINNINGS = text("""
    (SELECT chain, address FROM wallets WHERE address >= :first AND address < :beyond
        AND (CAST(:chain AS text) IS NULL OR chain = :chain) ORDER BY address LIMIT :limit)
    UNION
    (SELECT chain, address FROM labels WHERE address >= :first AND address < :beyond
        AND (CAST(:chain AS text) IS NULL OR chain = :chain) AND removed_at IS NULL
     ORDER BY address LIMIT :limit)
    ORDER BY address, chain LIMIT :limit
""")
_REFERENCES = text("""
    (SELECT chain, address, customer_reference IS NOT DISTINCT FROM :words AS is_customer
     FROM watched_wallets WHERE customer_reference = :words OR reference = :words
     ORDER BY chain, address LIMIT :limit)
    UNION
    (SELECT s.chain, s.address, r.is_customer
     FROM (
        SELECT reference_id, customer_reference IS NOT DISTINCT FROM :words AS is_customer
        FROM screening_references WHERE customer_reference = :words OR reference = :words LIMIT :limit
     ) AS r CROSS JOIN LATERAL (
        SELECT chain, address FROM screenings WHERE reference_id = r.reference_id AND address IS NOT NULL
        LIMIT :limit
     ) AS s)
    LIMIT :limit
""")
