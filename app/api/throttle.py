"""Who asks too often is told to wait: wrong tokens at the sign-in, and requests where a limit is set."""

from math import ceil
from time import time

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.errors import TooManyRequests

WRONG_TOKENS: RateLimitItem = RateLimitItemPerMinute(10)


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
            message = "Too many wrong tokens came from this address."
            raise TooManyRequests(message, _seconds_left(self._limiter, WRONG_TOKENS, address))

    def count(self, address: str) -> None:
        """Counts a wrong token."""
        self._limiter.hit(WRONG_TOKENS, address)


class RequestLimit:
    """The requests of the last minute, by the address they came from; 0 a minute is any number."""

    def __init__(self, per_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, address: str) -> None:
        """Counts a request.

        Raises:
            TooManyRequests: there were too many; this one is not counted.
        """
        if self._limit is not None and not self._limiter.hit(self._limit, address):
            message = (
                f"More than {self._limit.amount} requests a minute came from this address"
                " (AML_API_REQUESTS_PER_MINUTE)."
            )
            raise TooManyRequests(message, _seconds_left(self._limiter, self._limit, address))


async def limit_requests() -> None:
    """Says that the requests of a route are counted: `app.api.asgi.gate` does it, whatever their token."""


def count_request(request: Request) -> None:
    """Counts a request of the API.

    Raises:
        TooManyRequests: too many came from its address.
    """
    limit: RequestLimit = request.app.state.services.request_limit
    limit.count(address_of(request))


def address_of(request: Request) -> str:
    """Where the request came from, as a proxy of `AML_FORWARDED_ALLOW_IPS` says it."""
    return request.client.host if request.client else ""


def _seconds_left(limiter: MovingWindowRateLimiter, limit: RateLimitItem, address: str) -> int:
    return max(1, ceil(limiter.get_window_stats(limit, address).reset_time - time()))
