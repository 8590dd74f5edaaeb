"""What of a policy decides which label of a wallet counts."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LabelRules:
    """Severity by category, the categories of crime and of listings, and from when on a label is firm.

    A category missing in `severities` ranks below all of them. `contracts` are addresses that are known to be
    contracts of EVM chains: a listing of one holds on its own chain alone.
    """

    severities: Mapping[str, float] = field(default_factory=dict)
    crimes: AbstractSet[str] = frozenset()
    listed: AbstractSet[str] = frozenset()
    firm_confidence: int = 0
    contracts: AbstractSet[str] = frozenset()
