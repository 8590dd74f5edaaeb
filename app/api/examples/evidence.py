"""Examples of the report, the explorer and the guide, of the wallet of `app.api.examples.scores`."""

from app.answers.schemas import WalletName
from app.api.examples.scores import EXPLANATION, RUN
from app.explorer.layout import Place
from app.explorer.neighbours import Neighbour, Neighbours, NotShown
from app.report.wallet_report import WalletReport

REPORT = WalletReport(run=RUN, explanation=EXPLANATION, rules=[], labels=[])
NEIGHBOURS = Neighbours(
    wallet=EXPLANATION.wallet,
    direction="in",
    total=35,
    neighbours=[
        Neighbour(
            wallet=WalletName(chain="ethereum", address="0x" + "bb" * 20),
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
