"""How Spark is reached, from settings or from the words of a command."""

from dataclasses import dataclass
from typing import Final

LOCAL_MASTER: Final = "local[*]"


@dataclass(frozen=True)
class SparkOptions:
    """How Spark is reached: `folder` is a folder or URL that all of a cluster's machines reach."""

    master: str = LOCAL_MASTER
    folder: str | None = None
    memory: str = "2g"

    @property
    def is_local(self) -> bool:
        """Whether Spark is on this machine alone."""
        return self.master.startswith("local")

    @property
    def is_url(self) -> bool:
        """Whether files go by Spark's connectors, and not by this machine's file system."""
        return self.folder is not None and "://" in self.folder
