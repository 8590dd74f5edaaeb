"""One hop from a wallet: its neighbours with how far each can be followed, and what is not shown."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.answers.base import MIDDLE_WALLET, WALLET, Answer, WalletName
from app.errors import QueryTimeout
from app.explorer.layout import FARTHEST, Place, places
from app.stores.graph import Graph
from cypher import query

MOST_COUNTED = 200
MOST_SHOWN = 500
SECONDS = 5.0
"""Of one query; counts that take longer are `?`."""
_STEPS = {"in": -1, "out": 1}


class Shown(Place):
    """A wallet, or the summary of several (`address` null), that the explorer shows already."""

    address: str | None = Field(max_length=100)


class Expansion(BaseModel):
    """Which way to expand a wallet, where it stands, and all that is shown."""

    model_config = ConfigDict(extra="forbid")
    direction: Literal["in", "out"] = Field(description="`in`: who paid it; `out`: whom it paid.")
    limit: int = Field(default=12, ge=1, le=200, description="Neighbours shown; the others are summed up.")
    shown: list[Shown] = Field(max_length=MOST_SHOWN)


class Neighbour(Answer):
    """A wallet one hop away. `senders` and `receivers` say what expanding it would show."""

    wallet: WalletName
    name: str = Field(description="What its label calls it, else its address in short.")
    category: str | None
    transfers: int = Field(description="Between the two, in this direction.")
    usd_value: str | None = Field(description="Of those with a price; null when none has one.")
    assets: list[str] = Field(description="Three at most.")
    senders: str = Field(description="A number, `200+`, or `?` when counting took too long.")
    receivers: str
    place: Place = Field(description="Where it stands, or stood already.")
    is_new: bool


class NotShown(Answer):
    """The neighbours that are summed up: how many, in how many transfers, of what value."""

    wallets: int
    transfers: int
    usd_value: str
    place: Place


class Neighbours(Answer):
    """The answer to an expansion."""

    wallet: WalletName
    direction: Literal["in", "out"]
    total: int = Field(description="All neighbours in this direction.")
    neighbours: list[Neighbour]
    more: NotShown | None


NEIGHBOURS = Neighbours(
    wallet=WALLET,
    direction="in",
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
            place=Place(column=-1, row=0),
            is_new=True,
        )
    ],
    more=NotShown(wallets=34, transfers=51, usd_value="411.20", place=Place(column=-1, row=1)),
)


def expand(graph: Graph, wallet: WalletName, asked: Expansion) -> Neighbours:
    """The neighbours with most value, each with a place that nothing else has.

    Raises:
        QueryTimeout: the wallet has too many transfers to look at in time.
        DependencyMissing: the graph does not answer.
    """
    name = "explore/senders" if asked.direction == "in" else "explore/receivers"
    given = {"chain": wallet.chain, "address": wallet.address, "row_limit": asked.limit}
    (answer,) = graph.read(query(name), given, timeout_seconds=SECONDS)
    found, total = answer["wallets"], answer["total"]
    known: dict[str | None, Place] = {item.address: item for item in asked.shown}
    new = [row["address"] for row in found if row["address"] not in known]
    rest = total["wallets"] - len(found)
    beside = known.get(wallet.address, Place(column=0, row=0))
    step = _STEPS[asked.direction] if abs(beside.column) < FARTHEST else 0
    free = places(beside, step, asked.shown, len(new) + 1)
    stands = dict(known) | dict(zip(new, free, strict=False))
    counted = counts(graph, wallet.chain, [row["address"] for row in found])
    return Neighbours(
        wallet=wallet,
        direction=asked.direction,
        total=total["wallets"],
        neighbours=[
            _neighbour(row, stands[row["address"]], counted, is_new=row["address"] in new) for row in found
        ],
        more=NotShown(
            wallets=rest,
            transfers=total["transfers"] - sum(row["transfers"] for row in found),
            usd_value=_dollars(total["usd_value"] - sum(row["usd_value"] for row in found)),
            place=free[-1],
        )
        if rest
        else None,
    )


def counts(graph: Graph, chain: str, addresses: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """How many paid each wallet and how many each paid, as shown; nothing for any when it takes too long."""
    given = {"chain": chain, "addresses": list(addresses), "max_count": MOST_COUNTED + 1}
    try:
        rows = graph.read(query("explore/counts"), given, timeout_seconds=SECONDS)
    except QueryTimeout:
        return {}
    return {row["address"]: (_count(row["senders"]), _count(row["receivers"])) for row in rows}


def _neighbour(
    row: Mapping[str, Any], place: Place, counted: Mapping[str, tuple[str, str]], *, is_new: bool
) -> Neighbour:
    senders, receivers = counted.get(row["address"], ("?", "?"))
    return Neighbour(
        wallet=WalletName(chain=row["chain"], address=row["address"]),
        name=row["name"],
        category=row["category"],
        transfers=row["transfers"],
        usd_value=_dollars(row["usd_value"]) if row["priced"] else None,
        assets=row["assets"],
        senders=senders,
        receivers=receivers,
        place=Place(column=place.column, row=place.row),
        is_new=is_new,
    )


def _count(number: int) -> str:
    return str(number) if number <= MOST_COUNTED else f"{MOST_COUNTED}+"


def _dollars(value: float) -> str:
    return f"{max(value, 0.0):.2f}"
