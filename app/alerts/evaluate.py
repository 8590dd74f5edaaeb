"""Which alert rules fire for a wallet: pure, from what was judged before and is judged now."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.policy.alert_rules import AlertRule
from app.policy.conditions import LEVELS


@dataclass(frozen=True, slots=True)
class Judged:
    """What a run or a screening says of a wallet, and from which moment of the record.

    `touched` says whether a transfer of the wallet came since the judgement before; `relabelled` whether
    labels or the policy changed since; `by` names the run or screening, as `run:7`.
    """

    risk_level: str | None
    score: int | None
    flags: frozenset[str]
    rules: frozenset[str]
    watermark: int
    as_of: datetime
    policy_digest: str
    run_id: int | None = None
    screening_id: int | None = None
    touched: bool = True
    relabelled: bool = False

    @property
    def by(self) -> str:
        """The name of what judged."""
        return f"run:{self.run_id}" if self.screening_id is None else f"screening:{self.screening_id}"


@dataclass(frozen=True, slots=True)
class Moved:
    """A new transfer of a watched wallet."""

    chain: str
    transaction_hash: str
    transfer_index: int
    usd_value: Decimal
    way: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a rule fired: `key` is the same whenever the same thing makes it fire."""

    rule: AlertRule
    key: str
    detail: str
    retrospective: bool
    usd_value: Decimal | None = None


def causes(
    rules: Iterable[AlertRule], before: Judged | None, now: Judged, moved: Sequence[Moved] = ()
) -> Iterator[Cause]:
    """The causes that are new, by rule.

    Args:
        rules: those of the policy that `now` was judged by.
        before: the judgement before; None at the first.
        now: the judgement.
        moved: the wallet's transfers since.
    """
    later = before is not None and now.relabelled and not now.touched
    was = -1 if before is None else _rank(before.risk_level)
    level = _rank(now.risk_level)
    for rule in rules:
        when = rule.when
        if when.level_reached is not None and was < _rank(when.level_reached) <= level:
            yield Cause(rule, f"level:{now.risk_level}:{now.by}", f"The level is {now.risk_level}.", later)
        has_risen = before is not None and level > was
        if when.level_rose_to is not None and has_risen and level >= _rank(when.level_rose_to):
            detail = f"The level rose from {_name(before)} to {now.risk_level}."
            yield Cause(rule, f"level:{now.risk_level}:{now.by}", detail, later)
        flags_before = frozenset() if before is None else before.flags
        for flag in sorted(now.flags.intersection(when.flags_set) - flags_before):
            yield Cause(rule, f"flag:{flag}", f"The flag {flag} is set.", later)
        rules_before = frozenset() if before is None else before.rules
        for fired in sorted(now.rules.intersection(when.rules_fired) - rules_before):
            yield Cause(rule, f"rule:{fired}", f"The rule {fired} fired.", later)
        for each in moved if when.transfer_usd_at_least else ():
            if each.usd_value >= Decimal(when.transfer_usd_at_least or 0):
                key = f"transfer:{each.chain}:{each.transaction_hash}:{each.transfer_index}"
                detail = f"A transfer of {each.usd_value:.2f} USD went {each.way}."
                yield Cause(rule, key, detail, False, each.usd_value)


def _rank(level: str | None) -> int:
    """The place of a level; an unknown one is below all."""
    return -1 if level is None else LEVELS.index(level)


def _name(judged: Judged | None) -> str:
    return (judged.risk_level if judged is not None else None) or "unknown"
