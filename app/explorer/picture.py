"""What the explorer draws: the wallets that are shown, what moved between them, and what is left out."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.answers.assets import EXAMPLE_ASSET, AssetName
from app.answers.base import EXAMPLE_TIME, MIXER_WALLET, WALLET, Answer, WalletName
from app.answers.names import RiskLevel, TransferWay
from app.answers.values.amounts import rounded_units
from app.explorer.filters import MAX_SHOWN, TransferFilter
from app.explorer.neighbours import QUERY_SECONDS, OmittedWallets, counts, dollars
from app.explorer.owners import owner_of_name
from app.stores.graph import Graph
from cypher import query

LEAST_FORWARDED = 0.95
MAX_DEPOSIT_TRANSFERS = 1_000
"""As the defaults of question 16."""


class ExpandedWallet(BaseModel):
    """A wallet one of whose sides was expanded: what of it is not shown is summed up."""

    model_config = ConfigDict(extra="forbid")
    address: str = Field(max_length=100)
    way: TransferWay


class PictureRequest(TransferFilter):
    """The wallets to draw, all of one chain."""

    chain: str = Field(max_length=40, examples=["ethereum"])
    shown: list[str] = Field(min_length=1, max_length=MAX_SHOWN, description="Their addresses.")
    expanded: list[ExpandedWallet] = Field(default=[], max_length=MAX_SHOWN)


class PictureWallet(Answer):
    """One wallet of the picture."""

    wallet: WalletName
    category: str | None
    risk_level: RiskLevel | None = Field(description="Of the published run, as the graph knows it.")
    flags: list[str]
    owner: str | None = Field(description="Whose it is, by its label's name or by what it forwards to.")
    owner_evidence: str | None = Field(description="Why: `name`, or the address that it forwards to.")
    senders: str = Field(description="A number, `200+`, or `?` when counting took too long.")
    receivers: str


class PictureFlow(Answer):
    """What one wallet paid another in one asset: what the filters keep, and between when they choose."""

    sender: str
    receiver: str
    asset: str
    units: str = Field(description="The sum in units of the asset, rounded; `0` of no transfers.")
    usd_value: str | None = Field(description="Of the transfers with a price; null when none has one.")
    transfers: int = Field(description="That the filters keep.")
    first_transfer_at: datetime | None
    last_transfer_at: datetime | None
    transfers_in_all: int = Field(description="Without filters.")


class NotShown(OmittedWallets):
    """The neighbours of an expanded wallet that are not shown."""

    address: str
    way: TransferWay


class Picture(Answer):
    """The answer to a picture's request; a wallet that the graph does not know is left out."""

    wallets: list[PictureWallet]
    flows: list[PictureFlow]
    not_shown: list[NotShown]
    asset_names: list[AssetName]
    first_transfer_at: datetime | None = Field(description="Of all flows, without filters.")
    last_transfer_at: datetime | None


PICTURE = Picture(
    wallets=[
        PictureWallet(
            wallet=wallet,
            category=category,
            risk_level=level,
            flags=[],
            owner=owner,
            owner_evidence=None if owner is None else "name",
            senders="2",
            receivers="1",
        )
        for wallet, category, level, owner in (
            (WALLET, None, "high", None),
            (
                MIXER_WALLET.model_copy(update={"name": "Example mixer: Router"}),
                "mixer",
                "severe",
                "Example mixer",
            ),
        )
    ],
    flows=[
        PictureFlow(
            sender=WALLET.address,
            receiver=MIXER_WALLET.address,
            asset="ETH",
            units="1.5",
            usd_value="4500.00",
            transfers=1,
            first_transfer_at=EXAMPLE_TIME,
            last_transfer_at=EXAMPLE_TIME,
            transfers_in_all=1,
        )
    ],
    not_shown=[NotShown(address=WALLET.address, way="in", wallets=1, transfers=3, usd_value="12.00")],
    asset_names=[EXAMPLE_ASSET],
    first_transfer_at=EXAMPLE_TIME,
    last_transfer_at=EXAMPLE_TIME,
)


class PictureRows:
    """What the graph says of a picture, before names are added."""

    def __init__(self, graph: Graph, request: PictureRequest) -> None:
        """Reads it.

        Raises:
            QueryTimeout: the wallets have too many transfers to read in time.
            DependencyMissing: the graph does not answer.
        """
        addresses = list(dict.fromkeys(request.shown))
        base = {"chain": request.chain, "addresses": addresses}
        filters = request.parameters()
        expanded = [each.model_dump() for each in request.expanded]
        self.chain = request.chain
        self.wallets = _read(graph, "explore/wallets", base)
        self.flows = _read(graph, "explore/flows", base | filters)
        self.not_shown = _read(graph, "explore/not_shown", base | filters | {"expanded": expanded})
        self.counts = counts(graph, request.chain, addresses)
        self.deposits = {
            row["address"]: row
            for row in _read(
                graph,
                "explore/deposits",
                base | {"least_rest": LEAST_FORWARDED, "max_transfers": MAX_DEPOSIT_TRANSFERS},
            )
        }

    def addresses(self) -> list[str]:
        """All that may have names: the wallets, and the services that they forward to."""
        return [row["address"] for row in self.wallets] + [row["service"] for row in self.deposits.values()]

    def assets(self) -> Collection[str]:
        """What moved."""
        return {row["asset"] for row in self.flows}

    def picture(self, names: Mapping[str, WalletName], assets: Sequence[AssetName]) -> Picture:
        """The answer, with the names of wallets by address and those of assets."""
        decimals = {each.asset: each.decimals for each in assets}
        owners = {owner_of_name(each.name) for each in names.values()} - {None}
        return Picture(
            wallets=[self._wallet(row, names, owners) for row in self.wallets],
            flows=[_flow(row, decimals[row["asset"]]) for row in self.flows],
            not_shown=[NotShown(**row | {"usd_value": dollars(row["usd_value"])}) for row in self.not_shown],
            asset_names=list(assets),
            first_transfer_at=min((_native(row["first_in_all"]) for row in self.flows), default=None),
            last_transfer_at=max((_native(row["last_in_all"]) for row in self.flows), default=None),
        )

    def _wallet(
        self, row: Mapping[str, Any], names: Mapping[str, WalletName], owners: Collection[str | None]
    ) -> PictureWallet:
        address = row["address"]
        senders, receivers = self.counts.get(address, ("?", "?"))
        wallet = names.get(address) or WalletName(chain=self.chain, address=address)
        owner, evidence = self._owner(wallet, names, owners)
        return PictureWallet(
            wallet=wallet,
            category=row["category"],
            risk_level=row["risk_level"],
            flags=row["flags"],
            owner=owner,
            owner_evidence=evidence,
            senders=senders,
            receivers=receivers,
        )

    def _owner(
        self, wallet: WalletName, names: Mapping[str, WalletName], owners: Collection[str | None]
    ) -> tuple[str | None, str | None]:
        """The owner and the evidence; `owners` are those that other names of the picture tell."""
        deposit = self.deposits.get(wallet.address)
        if deposit is not None:
            service = names.get(deposit["service"])
            name = deposit["label"] if service is None else service.name
            return owner_of_name(name) or name, deposit["service"]
        owner = owner_of_name(wallet.name)
        if owner is None and wallet.name is not None and wallet.name in owners:
            owner = wallet.name  # a name alone is an owner where another name tells it
        return owner, None if owner is None else "name"


def _read(graph: Graph, name: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    return graph.read(query(name), parameters, timeout_seconds=QUERY_SECONDS)


def _flow(row: Mapping[str, Any], decimals: int | None) -> PictureFlow:
    return PictureFlow(
        sender=row["sender"],
        receiver=row["receiver"],
        asset=row["asset"],
        units=rounded_units(round(row["amount"]), row["decimals"] if decimals is None else decimals),
        usd_value=dollars(row["usd_value"]) if row["priced"] else None,
        transfers=row["transfers"],
        first_transfer_at=_native(row["first"]),
        last_transfer_at=_native(row["last"]),
        transfers_in_all=row["transfers_in_all"],
    )


def _native(moment: Any) -> Any:  # noqa: ANN401 - the driver's time, or None
    return None if moment is None else moment.to_native()
