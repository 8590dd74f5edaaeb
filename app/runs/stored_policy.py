"""The policy that a run stored."""

from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from app.policy.policy import Policy, parse_policy


def policy_of(run: Row[Any]) -> Policy:
    """The policy that a run stored, from a row with `policy_body`.

    Raises:
        InvalidPolicy: the stored text was changed and is no policy, or it is one of the first version.
    """
    return _policy(run.policy_digest, run.policy_body)


def knows_keys(run: Row[Any]) -> bool:
    """Whether a key listed on one EVM chain was listed on all of them for this run: since arithmetic 4."""
    return int(run.arithmetic) >= _KEYS_EVERYWHERE


_KEYS_EVERYWHERE = 4


@lru_cache(maxsize=8)
def _policy(digest: str, body: str) -> Policy:
    return parse_policy(body.encode(), f"stored policy {digest[:12]}")
