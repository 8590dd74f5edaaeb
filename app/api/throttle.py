"""Wrong tokens at the sign-in are counted by address: whoever guesses is told to wait."""

from math import ceil
from time import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.errors import TooManyRequests

WRONG_TOKENS: RateLimitItem = parse("10 per minute")


class SignInThrottle:
    """The wrong tokens of the last minute, by the address they came from."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, address: str) -> None:
        """Refuses an address that sent too many wrong tokens; the right one is refused from there too.

        Raises:
            TooManyRequests: it has to wait.
        """
        if not self._limiter.test(WRONG_TOKENS, address):
            resets_at = self._limiter.get_window_stats(WRONG_TOKENS, address).reset_time
            raise TooManyRequests(
                "Too many wrong tokens came from this address.", max(1, ceil(resets_at - time()))
            )

    def count(self, address: str) -> None:
        """Counts a wrong token."""
        self._limiter.hit(WRONG_TOKENS, address)
