"""The transfers of a pass as Parquet files that every worker reaches, and the shares that come back."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import compute, ipc, parquet

from app.ledger.cells import SOURCE
from app.ledger.ends import ends_of
from app.ledger.exposure import PassResult
from app.ledger.kernels import Flows, Pools
from app.ledger.sparse import SparseRows, starts_of

ROWS_A_FILE = 1_000_000


def write_transfers(folder: Path, flows: Flows, pools: Pools) -> Iterator[int]:
    """Writes the transfers, with their place in the ledger and both ends; yields how many are done."""
    folder.mkdir(parents=True, exist_ok=True)
    total = len(flows.amount)
    for begin in range(0, max(total, 1), ROWS_A_FILE):
        end = min(begin + ROWS_A_FILE, total)
        ends = ends_of(flows, pools, SOURCE, begin, end)
        columns = {
            name.replace("giver", "sender").replace("taker", "receiver"): pa.array(column)
            for name, column in ends._asdict().items()
        }
        parquet.write_table(pa.table(columns), folder / f"transfers-{begin:012d}.parquet", compression="zstd")
        yield end


def read_shares(file: Path) -> PassResult:
    """The shares that the driver wrote, by pool and by wallet."""
    with ipc.open_file(file) as reader:
        table = reader.read_all()
    of_wallet = np.array(table.column("of_wallet").to_numpy())
    pool, shares = _rows(table.filter(pa.array(~of_wallet)))
    wallet, combined = _rows(table.filter(pa.array(of_wallet)))
    return PassResult(pool, shares, wallet, combined)


def _rows(table: pa.Table) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], SparseRows]:
    table = table.sort_by("number").combine_chunks()
    counts = compute.list_value_length(table.column("cells")).to_numpy().astype(np.int64)
    cells = compute.list_flatten(table.column("cells")).to_numpy().astype(np.int16)
    shares = np.array(compute.list_flatten(table.column("shares")).to_numpy(), np.float64)
    return np.array(table.column("number").to_numpy(), np.int64), SparseRows(starts_of(counts), cells, shares)
