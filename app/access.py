"""What every door to the network asks: is this the token, and does only this machine reach that address?"""

import secrets
from ipaddress import ip_address

from app.settings import Settings


def is_token(settings: Settings, given: str) -> bool:
    """Whether it is the token of this instance, compared in constant time; without a token nothing is."""
    if settings.api_token is None:
        return False
    return secrets.compare_digest(given.encode(), settings.api_token.get_secret_value().encode())


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
