"""From which size on the engine spark pays: where a run by the ledger engine does not fit the memory."""

import psutil

BYTES_A_TRANSFER = 450
"""Of a run by the ledger engine at hop limit 6 (docs/sizing.md)."""
_OF_MEMORY = 0.5
"""The part of a machine's memory that a run may take beside the servers."""
_STEP = 1_000_000


def spark_pays_from() -> int:
    """Transfers beyond which a run does not fit the memory of this machine, in whole millions."""
    fitting = int(psutil.virtual_memory().total * _OF_MEMORY / BYTES_A_TRANSFER)
    return max(_STEP, fitting // _STEP * _STEP)
