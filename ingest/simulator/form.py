"""How the criminals of a story launder: how long, how broad, how fast, and with how much clean money."""

from dataclasses import dataclass

PEEL_LENGTH, MULES = 8, 8
_WHOLE = 100


@dataclass(frozen=True, slots=True)
class LaunderingForm:
    """One form of laundering; that without arguments is the one of every story that names none.

    Args:
        peel_length: wallets of a peel chain.
        mules: wallets over which a fan splits its sum.
        delay_percent: how long launderers wait, of what they wait in the usual form (up to some hours).
        clean_percent: of what the first laundering wallets pass on, the part that they had withdrawn from an
            exchange before.
    """

    peel_length: int = PEEL_LENGTH
    mules: int = MULES
    delay_percent: int = 100
    clean_percent: int = 0

    @property
    def name(self) -> str:
        """Part of a story's name: stories of two forms share no wallet. Empty for the usual form."""
        if self == USUAL:
            return ""
        return f"/{self.peel_length}-{self.mules}-{self.delay_percent}-{self.clean_percent}"

    @property
    def more_transfers(self) -> int:
        """At most so many transfers a round more than the usual form makes."""
        return 2 * (3 * max(self.peel_length - PEEL_LENGTH, 0) + 3 * max(self.mules - MULES, 0)) + (
            2 * (self.mules + 4) + 20 if self.clean_percent else 0
        )

    @property
    def more_wallets(self) -> int:
        """Likewise of wallets."""
        return 2 * (2 * max(self.peel_length - PEEL_LENGTH, 0) + max(self.mules - MULES, 0))

    @property
    def share(self) -> float | None:
        """The share of crime in what launderers hold; None: only part of it, and not the same everywhere."""
        return None if self.clean_percent else 1.0

    def clean(self, units: int) -> int:
        """What a wallet has of clean money before it gets so much dirty money."""
        return units * self.clean_percent // (_WHOLE - self.clean_percent)

    def wait(self, seconds: int) -> int:
        """How long a launderer waits who would usually wait so long."""
        return max(1, seconds * self.delay_percent // _WHOLE)


USUAL = LaunderingForm()
