"""A mixer that pays out by a call inside a transaction is found behind the wallet that was paid."""

from pathlib import Path

from app.stores.postgres import Postgres
from ingest.files.sources import find_source, read_source
from ingest.files.tally import Tally
from tests.support.record import label, rows, score, write

RELAYER, MIXER, THIEF, EXCHANGE = ("0x" + digits * 20 for digits in ("a1", "b0", "c4", "d5"))
PAID, SPENT = "0x" + "ab" * 32, "0x" + "ac" * 32


def export(folder: Path) -> Path:
    """A relayer calls the mixer without value; the mixer pays the thief, who pays an exchange."""
    (folder / "transactions.csv").write_text(
        "hash,nonce,block_number,transaction_index,from_address,to_address,value,block_timestamp,receipt_status\n"
        f"{PAID},1,5000000,0,{RELAYER},{MIXER},0,1517319693,1\n"
        f"{SPENT},1,5000001,0,{THIEF},{EXCHANGE},90,1517319708,1\n"
    )
    (folder / "traces.csv").write_text(
        "block_number,transaction_hash,transaction_index,from_address,to_address,value,trace_type,call_type,"
        "trace_address,error,status\n"
        f"5000000,{PAID},0,{RELAYER},{MIXER},0,call,call,,,1\n"
        f"5000000,{PAID},0,{MIXER},{RELAYER},10,call,call,0,,1\n"
        f"5000000,{PAID},0,{MIXER},{THIEF},90,call,call,1,,1\n"
        f"5000001,{SPENT},0,{THIEF},{EXCHANGE},90,call,call,,,1\n"
    )
    return folder


def test_the_mixer_behind_an_internal_transaction_is_found(postgres: Postgres, tmp_path: Path) -> None:
    write(postgres, list(read_source(find_source(export(tmp_path)), Tally())))
    label(postgres, MIXER, "mixer")
    run_id = score(postgres)
    found = {
        address: (direction, category)
        for address, direction, category in rows(
            postgres,
            "SELECT address, direction, main_category FROM risk_scores JOIN wallets USING (wallet_id)"
            " WHERE run_id = :run_id",
            run_id=run_id,
        )
    }
    assert found[THIEF] == ("source", "mixer")
    assert found[EXCHANGE] == ("source", "mixer")
