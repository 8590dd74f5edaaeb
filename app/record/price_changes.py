"""Whether prices, or the registry of assets, are others than at a moment."""

from datetime import datetime

from sqlalchemy import Connection, text


def prices_changed_since(connection: Connection, as_of: datetime) -> bool:
    """Whether a price or an entry of the registry was recorded or removed after that time."""
    return bool(connection.execute(_CHANGED, {"as_of": as_of}).scalar_one())


_CHANGED = text("""
    SELECT EXISTS (SELECT FROM prices WHERE recorded_at > :as_of OR removed_at > :as_of)
        OR EXISTS (SELECT FROM registered_assets WHERE recorded_at > :as_of OR removed_at > :as_of)
""")
