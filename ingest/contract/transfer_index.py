"""The transfer indices of one transaction: a range for each kind of movement, so that no two are equal.

native 0 | token log index + 1 (1 … 32,767) | internal 32,768 + trace order (… 65,534) | fee 65,535
"""

from typing import Final

from app.domain import MAX_INDEX
from app.errors import InvalidEvent

NATIVE_INDEX: Final = 0
FIRST_INTERNAL_INDEX: Final = 32_768
FEE_INDEX: Final = MAX_INDEX


def token_index(log_index: int) -> int:
    """The index of a token's transfer, by the place of its log in the block.

    Raises:
        InvalidEvent: `bad_place`, the log index is beyond the range of tokens.
    """
    if not 0 <= log_index < FIRST_INTERNAL_INDEX - 1:
        raise InvalidEvent(
            "bad_place", f"transfer_index: log index {log_index} is not in 0..{FIRST_INTERNAL_INDEX - 2}."
        )
    return log_index + 1


def internal_index(trace_order: int) -> int:
    """The index of an internal movement, by its order among those of its transaction (from 0).

    Raises:
        InvalidEvent: `bad_place`, there are more of them than indices.
    """
    if not 0 <= trace_order < FEE_INDEX - FIRST_INTERNAL_INDEX:
        most = FEE_INDEX - FIRST_INTERNAL_INDEX - 1
        raise InvalidEvent("bad_place", f"transfer_index: trace order {trace_order} is not in 0..{most}.")
    return FIRST_INTERNAL_INDEX + trace_order
