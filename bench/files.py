"""How fast an export of ethereum-etl is imported, in how much memory, and how fast the consumer takes it.

The import runs as a process of its own on a topic that nobody reads yet; then the consumer is started on what
the import has published, and the clock stops when the record holds everything.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from app.errors import AmlError
from app.settings import PROJECT
from bench.machine import machine
from bench.processes import BenchedConsumer
from bench.servers import conditions, servers
from bench.targets import Target

MAX_MB: Final = 500
LEAST_RATIO: Final = 0.8
"""Of the rate of the import to that of the consumer."""
_WALLETS: Final = 50_000
_IN_A_BLOCK: Final = 200
_FIRST_BLOCK, _FIRST_TIME = 17_000_000, 1_680_911_891
_TOKEN: Final = "0x" + "70" * 20
_TRANSACTIONS: Final = (
    "hash,nonce,block_hash,block_number,transaction_index,from_address,to_address,value,gas,gas_price,input,"
    "block_timestamp,max_fee_per_gas,max_priority_fee_per_gas,transaction_type\n"
)
_RECEIPTS: Final = (
    "transaction_hash,transaction_index,block_hash,block_number,cumulative_gas_used,gas_used,contract_address,"
    "root,status,effective_gas_price\n"
)
_TOKENS: Final = "token_address,from_address,to_address,value,transaction_hash,log_index,block_number\n"


def run(lines: int) -> dict[str, Any]:
    """Measures on embedded servers of its own; returns figures as a JSON-able dictionary.

    Raises:
        AmlError: the import failed, or not everything was recorded.
    """
    before = machine()
    with servers() as s, TemporaryDirectory() as folder:
        transfers = write_export(Path(folder), lines)
        importing, peak = _import(Path(folder))
        began = time.perf_counter()
        with BenchedConsumer() as consumer:
            consumer.wait_until_assigned()
            began = time.perf_counter()
            s.wait_until_ingested(transfers, consumer, graph=False)
            consuming = time.perf_counter() - began
        stored = s.totals().stored
        if stored != transfers:
            raise AmlError(f"{stored} of {transfers} transfers were stored.")
        ratio = consuming / importing
        return {
            "command": f"aml bench import --lines {lines}",
            "machine": before,
            **conditions(s.settings),
            "lines": lines,
            "transfers": transfers,
            "import_seconds": round(importing, 1),
            "import_per_second": round(transfers / importing),
            "import_peak_mb": round(peak / 2**20),
            "consumer_seconds": round(consuming, 1),
            "consumer_per_second": round(transfers / consuming),
            "import_to_consumer": round(ratio, 2),
            "targets": [
                Target("memory of the import, MB", MAX_MB, round(peak / 2**20)).shown(),
                Target(
                    "rate of the consumer to that of the import", 1 / LEAST_RATIO, round(1 / ratio, 2)
                ).shown(),
            ],
        }


def write_export(folder: Path, lines: int) -> int:
    """An export of so many lines: transactions with their receipts, and a token's transfer in each second.

    Returns how many transfers it has.
    """
    count = lines * 2 // 5
    with (
        (folder / "transactions.csv").open("w") as transactions,
        (folder / "receipts.csv").open("w") as receipts,
        (folder / "token_transfers.csv").open("w") as tokens,
    ):
        transactions.write(_TRANSACTIONS)
        receipts.write(_RECEIPTS)
        tokens.write(_TOKENS)
        for number in range(count):
            block, place = divmod(number, _IN_A_BLOCK)
            sender, receiver = _wallet(number * 7), _wallet(number * 13 + 1)
            key, block_hash = f"0x{number:064x}", f"0x{block:064x}"
            moment, block = _FIRST_TIME + 12 * block, _FIRST_BLOCK + block
            transactions.write(
                f"{key},{number},{block_hash},{block},{place},{sender},{receiver},{number + 1}000000000,"
                f"21000,30000000000,0x,{moment},,,0\n"
            )
            receipts.write(f"{key},{place},{block_hash},{block},{21_000 * place},21000,,,1,30000000000\n")
            if number % 2 == 0:
                tokens.write(f"{_TOKEN},{sender},{receiver},{number + 1},{key},{place},{block}\n")
    return count + (count + 1) // 2


def _wallet(number: int) -> str:
    return f"0x{number % _WALLETS + 1:040x}"


def _import(folder: Path) -> tuple[float, int]:
    """Seconds of importing the folder, and the largest resident size of the process."""
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "import", "transfers", str(folder), "--json"],
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise AmlError("The import failed; run `aml import transfers` to see why.")
    return time.perf_counter() - began, usage.ru_maxrss << 10
