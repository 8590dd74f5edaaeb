"""What a laundering pattern starts with: an amount at a labelled wallet."""

from dataclasses import dataclass

from ingest.simulator.scene import Coin


@dataclass(frozen=True, slots=True)
class Loot:
    """So many base units of a coin at a wallet labelled with a category."""

    origin: str
    category: str
    coin: Coin
    units: int
