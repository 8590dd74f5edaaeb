"""What a file tells reaches the score: a theft paid out by a call inside a transaction leads to its mixer."""

from pathlib import Path

from app.domain import Transfer
from app.explain.explain import explain
from app.projection.pending import project_all_pending
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.files.sources import find_source, read_source
from ingest.files.tally import Tally
from tests.support.record import label, score, write

MIXER, RELAYER, THIEF, SHOP = ("0x" + digits * 20 for digits in ("a1", "b2", "c3", "d4"))
HASHES = ["0x" + f"{number:064x}" for number in (1, 2, 3)]
HEAD = "block_number,transaction_hash,transaction_index,from_address,to_address,value,trace_type,call_type"


def test_a_withdrawal_from_a_mixer_is_found_in_the_traces(
    settings: Settings, postgres: Postgres, graph: Graph, tmp_path: Path
) -> None:
    (tmp_path / "transactions.csv").write_text(
        "hash,nonce,block_number,transaction_index,from_address,to_address,value,block_timestamp\n"
        f"{HASHES[0]},1,5000000,0,{RELAYER},{MIXER},0,1517319693\n"  # the mixer pays out inside it
        f"{HASHES[1]},2,5000001,0,{RELAYER},{MIXER},0,1517319706\n"  # one that fails
        f"{HASHES[2]},1,5000002,0,{THIEF},{SHOP},60,1517319720\n"
    )
    (tmp_path / "receipts.csv").write_text(
        "transaction_hash,transaction_index,block_number,gas_used,contract_address,status\n"
        f"{HASHES[0]},0,5000000,21000,,1\n{HASHES[1]},0,5000001,21000,,0\n{HASHES[2]},0,5000002,21000,,1\n"
    )
    (tmp_path / "traces.csv").write_text(
        f"{HEAD},trace_address,error,status\n"
        f"5000000,{HASHES[0]},0,{RELAYER},{MIXER},0,call,call,,,1\n"
        f"5000000,{HASHES[0]},0,{MIXER},{THIEF},100,call,call,0,,1\n"
        f"5000001,{HASHES[1]},0,{MIXER},{SHOP},900,call,call,0,,\n"
    )
    events = read_source(find_source(tmp_path), Tally())
    label(postgres, MIXER, "mixer")
    write(postgres, [event for event in events if isinstance(event, Transfer)])
    project_all_pending(postgres, graph)
    score(postgres, graph)
    found = explain(postgres, graph, settings, SHOP)
    shares = {(each.direction, each.category, each.hop): each.share for each in found.exposures}
    assert shares["source", "mixer", 2] == 1
    (path,) = [path for path in found.paths if path.category == "mixer"]
    assert [(step.transfer_index, step.amount) for step in path.transfers] == [(32_768, "100"), (0, "60")]
