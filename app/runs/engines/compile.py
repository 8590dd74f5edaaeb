"""Compiles the kernels, so that no run does."""

import numpy as np

from app.labels.columns import LabelColumns, WalletColumn
from app.ledger.cells import DESTINATION, SOURCE, CellLayout
from app.ledger.hop_scan import HopScan
from app.ledger.hop_scan import Steps as HopSteps
from app.ledger.kernel_cache import statistics
from app.ledger.kernels import BEYOND, Flows, Shares
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
    for direction in (SOURCE, DESTINATION):
        _scan_one_step(direction)
    ids = np.array([1], np.int64)
    count_walks(Steps(ids, ids + 1, ids, ids + 1, ids), _HOPS)
    call_kernels()
    return statistics()


def _scan_one_step(direction: int) -> None:
    """Scans a step of a pass hop by hop, and goes on with its wallet."""
    scan = HopScan(CellLayout(("a category",), _HOPS), direction, keeps_results=True)
    ids, one = np.ones(1, np.int64), np.ones(1)
    taken = Shares(np.ones(1, np.int64), np.array([BEYOND], np.int16), one)
    for _ in range(2):
        scan.scan(HopSteps(ids, ids, np.zeros(1, np.bool_), one, one, one, one, one, taken))
    scan.close()
