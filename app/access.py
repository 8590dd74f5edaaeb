"""What every door to the network asks: is this the token, and does only this machine reach that address?"""

import secrets
from ipaddress import ip_address

from app.settings import Settings


def is_token(settings: Settings, given: str) -> bool:
    """Whether it is a token of this instance, compared in constant time; without a token nothing is.

    The one before counts too while there is one, so that clients can be given the new one after each other.
    """
    tokens = [each for each in (settings.api_token, settings.api_token_before) if each]
    matches = [secrets.compare_digest(given.encode(), token.get_secret_value().encode()) for token in tokens]
    return settings.api_token is not None and any(matches)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
