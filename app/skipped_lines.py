"""Lines of a file that are left out, counted by reason."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

EXAMPLES: Final = 3


@dataclass
class SkippedLines:
    """Lines that are not what the file is read for; `examples` are the first places of each reason."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def skip(self, reason: str, origin: str) -> None:
        """Counts a line."""
        self.counts[reason] += 1
        places = self.examples.setdefault(reason, [])
        if len(places) < EXAMPLES:
            places.append(origin)
