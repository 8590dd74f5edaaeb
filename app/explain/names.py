"""An explanation with the names of all wallets and assets that it shows."""

from typing import Any, TypeVar

from sqlalchemy import Connection

from app.answers.base import WalletName
from app.answers.explanation import ContributingWallet, Counterparty, Explanation
from app.assets.names import asset_names
from app.runs.naming.named import named_wallets

Party = TypeVar("Party", Counterparty, ContributingWallet)


def with_names(connection: Connection, explanation: Explanation) -> Explanation:
    """The explanation, each wallet with its name where it has one.

    Decimals that the graph does not know are those of the registry.
    """
    chain = explanation.wallet.chain
    steps = [step for path in explanation.paths for step in path.transfers]
    direct = [each for rule in explanation.rule_evidence for each in rule.transfers]
    addresses = [address for step in steps for address in (step.sender, step.receiver)]
    names = named_wallets(connection, chain, [*addresses, *(each.counterparty for each in direct)])
    assets = asset_names(
        connection,
        chain,
        [
            *(each.asset for each in explanation.exposures if each.asset is not None),
            *(each.asset for each in explanation.residuals),
            *(each.asset for each in direct),
        ],
    )
    by_address = {each.address: each for each in names}
    decimals = {each.asset: each.decimals for each in assets}

    def scaled(part: Any) -> dict[str, Any]:  # noqa: ANN401 - any model of one asset
        return {"decimals": decimals.get(part.asset)} if part.decimals is None else {}

    def party(each: Party) -> Party:
        wallet: WalletName = by_address.get(each.wallet.address, each.wallet)
        return each.model_copy(update={"wallet": wallet, **scaled(each)})

    return explanation.model_copy(
        update={
            "names": names,
            "asset_names": assets,
            "top_counterparties": [party(each) for each in explanation.top_counterparties],
            "top_contributing_wallets": [party(each) for each in explanation.top_contributing_wallets],
            "paths": [path.model_copy(update=scaled(path)) for path in explanation.paths],
        }
    )
