"""One hop from a wallet: its neighbours that are not shown yet, and the sum of the others."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from app.answers.base import MIDDLE_WALLET, WALLET, Answer, WalletName
from app.answers.names import TransferWay
from app.errors import QueryTimeout
from app.explorer.filters import MAX_SHOWN, TransferFilter
from app.stores.graph import Graph
from cypher import query

MAX_COUNTED = 200
QUERY_SECONDS = 5.0
"""Time limit of one query; counts that take longer are `?`."""


class Expansion(TransferFilter):
    """The way in which to expand a wallet, and the wallets that are shown already."""

    way: TransferWay = Field(description="`in`: who paid it; `out`: whom it paid.")
    limit: int = Field(default=12, ge=1, le=200, description="Neighbours to add; the others are summed up.")
    shown: list[str] = Field(
        default=[], max_length=MAX_SHOWN, description="Addresses of the chain that are shown already."
    )


class Neighbour(Answer):
    """A wallet one hop away; `senders` and `receivers` are the numbers of its own neighbours."""

    wallet: WalletName
    name: str = Field(description="The name of its label, else its address in short.")
    category: str | None
    transfers: int = Field(description="Between the two wallets, this way.")
    usd_value: str | None = Field(description="Of those with a price; null when none has one.")
    assets: list[str] = Field(description="Three at most.")
    senders: str = Field(description="A number, `200+`, or `?` when counting took too long.")
    receivers: str


class OmittedWallets(Answer):
    """The neighbours that are summed up: their number, their transfers and their value."""

    wallets: int
    transfers: int
    usd_value: str


class Neighbours(Answer):
    """The answer to an expansion: the neighbours with most value of those that were not shown."""

    wallet: WalletName
    way: TransferWay
    total: int = Field(description="All neighbours this way, also those shown before.")
    neighbours: list[Neighbour]
    more: OmittedWallets | None


NEIGHBOURS = Neighbours(
    wallet=WALLET,
    way="in",
    total=35,
    neighbours=[
        Neighbour(
            wallet=MIDDLE_WALLET,
            name="0xbbbb…bbbb",
            category=None,
            transfers=2,
            usd_value="930.05",
            assets=["ETH"],
            senders="3",
            receivers="200+",
        )
    ],
    more=OmittedWallets(wallets=34, transfers=51, usd_value="411.20"),
)


def expand(graph: Graph, wallet: WalletName, expansion: Expansion) -> Neighbours:
    """The neighbours with the most value of those that are not shown.

    Raises:
        QueryTimeout: the wallet has too many transfers to read in time.
        DependencyMissing: the graph does not answer.
    """
    name = "explore/senders" if expansion.way == "in" else "explore/receivers"
    parameters = {
        "chain": wallet.chain,
        "address": wallet.address,
        "shown": expansion.shown,
        "row_limit": expansion.limit,
    }
    (answer,) = graph.read(query(name), parameters | expansion.parameters(), timeout_seconds=QUERY_SECONDS)
    rows, total = answer["wallets"], answer["total"]
    neighbour_counts = counts(graph, wallet.chain, [row["address"] for row in rows])
    summed_up = total["not_shown"] - len(rows)
    return Neighbours(
        wallet=wallet,
        way=expansion.way,
        total=total["wallets"],
        neighbours=[_neighbour(row, neighbour_counts) for row in rows],
        more=OmittedWallets(
            wallets=summed_up,
            transfers=total["transfers"] - sum(row["transfers"] for row in rows),
            usd_value=dollars(total["usd_value"] - sum(row["usd_value"] for row in rows)),
        )
        if summed_up
        else None,
    )


def with_names(answer: Neighbours, names: Mapping[str, WalletName]) -> Neighbours:
    """The answer with the names of wallets, by address: the graph knows only the label that counts."""
    return answer.model_copy(
        update={
            "neighbours": [
                each.model_copy(update={"wallet": known, "name": known.name})
                if (known := names.get(each.wallet.address)) is not None
                else each
                for each in answer.neighbours
            ]
        }
    )


def counts(graph: Graph, chain: str, addresses: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """The numbers of senders and receivers of each wallet, as text; empty when counting takes too long."""
    parameters = {"chain": chain, "addresses": list(addresses), "max_count": MAX_COUNTED + 1}
    try:
        rows = graph.read(query("explore/counts"), parameters, timeout_seconds=QUERY_SECONDS)
    except QueryTimeout:
        return {}
    return {row["address"]: (_count(row["senders"]), _count(row["receivers"])) for row in rows}


def dollars(value: float) -> str:
    """A sum of USD with two places; rounding of doubles is never below nothing."""
    return f"{max(value, 0.0):.2f}"


def _neighbour(row: Mapping[str, Any], neighbour_counts: Mapping[str, tuple[str, str]]) -> Neighbour:
    senders, receivers = neighbour_counts.get(row["address"], ("?", "?"))
    return Neighbour(
        wallet=WalletName(chain=row["chain"], address=row["address"]),
        name=row["name"],
        category=row["category"],
        transfers=row["transfers"],
        usd_value=dollars(row["usd_value"]) if row["priced"] else None,
        assets=row["assets"],
        senders=senders,
        receivers=receivers,
    )


def _count(number: int) -> str:
    return str(number) if number <= MAX_COUNTED else f"{MAX_COUNTED}+"
