"""What of a policy decides which label of a wallet counts."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LabelRules:
    """Severity by category, the categories of crime and of listings, and from when on a label is firm.

    A category missing in `severities` ranks below all of them.
    """

    severities: Mapping[str, float] = field(default_factory=dict)
    crimes: AbstractSet[str] = frozenset()
    listed: AbstractSet[str] = frozenset()
    firm_confidence: int = 0
