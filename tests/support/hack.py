"""The real, expert-traced hack of the shared data, and its exposures computed with 80 digits."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.domain import Transfer
from app.labels.readers.label_csv import read_csv as read_labels
from app.labels.store import LabelRow
from ingest.files.transfer_csv import read_csv as read_transfers

RESIDUALS = {"unobserved_origin", "still_held", "beyond_hop_limit"}
Cell = tuple[str, str, str, str]
"""Address, direction, category or residual, and hop as it is written: empty beyond the hop limit."""


@dataclass(frozen=True)
class Hack:
    """A folder with the hack."""

    folder: Path

    def transfers(self) -> list[Transfer]:
        """Everything that moved."""
        return list(read_transfers(self.folder / "transfers.csv"))

    def labels(self) -> Iterator[LabelRow]:
        """The wallets that the experts name."""
        return read_labels(self.folder / "labels.csv")

    def hackers(self) -> list[str]:
        """The wallets that the tracing began with."""
        return (self.folder / "source_addresses.csv").read_text().split()

    def expected_shares(self) -> dict[Cell, float]:
        """What an engine must find."""
        with (self.folder / "expected_exposure.csv").open() as file:
            return {
                (row["address"], row["direction"], row["category"], row["hop"]): float(row["share"])
                for row in csv.DictReader(file)
            }
