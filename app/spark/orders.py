"""What the process of Spark's driver is told, a line of JSON each."""

from dataclasses import dataclass
from typing import Final

LOG_FILE: Final = "spark.log"
"""What the driver, its Java and its workers print, in the folder of the run."""


@dataclass(frozen=True)
class Place:
    """Where Spark runs: its master, the driver's Java and memory, and a folder of this machine."""

    master: str
    java: str
    memory: str
    folder: str

    @property
    def is_local(self) -> bool:
        """Whether it is this machine alone."""
        return self.master.startswith("local")


@dataclass(frozen=True)
class Order:
    """A pass over the transfers in a folder of this machine; `shared` is where workers reach them."""

    transfers: str
    shared: str
    rows: int
    categories: list[str]
    hop_limit: int
    direction: int
    answer: str
