"""Compiles the kernels, so that no run does."""

import numpy as np

from app.labels.columns import LabelColumns, WalletColumn
from app.ledger.cells import CellLayout
from app.ledger.kernel_cache import statistics
from app.ledger.kernels import Flows
from app.ledger.walks import Steps, count_walks
from app.runs.engines.ledger import trace
from app.runs.results.compile import call_kernels

_HOPS = 2


def compile_kernels() -> dict[str, dict[str, int]]:
    """Traces one transfer, counts its walk, reads and writes a row, with columns of a run's types.

    Returns how often each kernel was taken from the cache and how often it was compiled.
    """
    shifts = np.zeros(1, np.int16), np.zeros(1, np.int16)
    one, pools = np.ones(1), np.array([0, 1], np.int32)
    flows = Flows(pools[:1].copy(), pools[1:].copy(), one, one, one, one, one, np.ones(1, np.int8), *shifts)
    trace(
        flows,
        np.array([1, 2], np.int64),
        np.ones(2, np.int32),
        LabelColumns(CellLayout(("a category",), _HOPS), {1: WalletColumn(0)}),
        occurred_at=np.zeros(1, np.int64),
        known_assets=np.ones(1, np.int32),
        progress=lambda _step, _part: None,
    )
    ids = np.array([1], np.int64)
    count_walks(Steps(ids, ids + 1, ids, ids + 1, ids), _HOPS)
    call_kernels()
    return statistics()
