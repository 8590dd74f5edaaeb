"""What a benchmark is to reach, and what was seen."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """A figure that must be at most `limit`."""

    name: str
    limit: float
    seen: float

    def shown(self) -> dict[str, Any]:
        """The target as one row of an answer."""
        return {
            "target": self.name,
            "at_most": self.limit,
            "seen": self.seen,
            "met": "yes" if self.seen <= self.limit else "no",
        }
