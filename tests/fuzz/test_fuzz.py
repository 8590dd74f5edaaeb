"""A coverage-guided fuzzer (atheris) on every reader of input that is not trusted.

Here some thousand executions each, the same ones every time; `make fuzz` goes on for `FUZZ_SECONDS` each.
"""

import gzip
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import pytest
import zstandard

from app.domain import TransferKind
from app.settings import PROJECT
from ingest.contract.transfer import OPTIONAL_FIELDS, TRANSFER_FIELDS, encode
from ingest.files.transfer_csv import COLUMNS
from tests.support.builders import FACTS, retraction, story
from tests.support.poison import KINDS, poison

SECONDS = os.environ.get("AML_FUZZ_SECONDS")
RUNS = {
    "transfer_csv": 1_000,
    "ethereum_etl": 1_000,
    "transfer_file": 2_000,
    "labels": 1_000,
}  # these write a file each time
RUN_SECONDS = 300 + int(SECONDS or 0)
HASH, ADDRESS, BITCOIN = "0x" + "ab" * 32, "0x" + "12" * 20, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
CASHADDR = "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"
ETL = (
    f'{{"type": "transaction", "hash": "{HASH}", "nonce": 1, "transaction_index": 3,'
    f' "from_address": "{ADDRESS}", "to_address": "{ADDRESS}", "value": 5, "input": "0x",'
    ' "block_timestamp": 1683029999, "block_number": 17173049,'
    ' "receipt_status": 1}\n'
)
LABELS = f"chain,address,category,name,source,confidence\nethereum,{ADDRESS},mixer,A,test,90\n"
TAGPACK = (
    f"title: A\ncreator: B\ntags:\n  - {{address: {BITCOIN}, currency: BTC, label: C, source: d,"
    " abuse: scam, confidence: ownership, lastmod: 2021-01-01}\n"
)
OFAC = (
    "<sdnList><sdnEntry><uid>1</uid><lastName>A</lastName><idList><id><uid>2</uid><idType>Digital Currency "
    f"Address - XBT</idType><idNumber>{BITCOIN}</idNumber></id></idList></sdnEntry></sdnList>"
)


UNITED_KINGDOM = (
    "<Designations><Designation><Names><Name><Name6>A</Name6></Name></Names><OtherInformation>BTC: "
    f"{BITCOIN[:9]}\n{BITCOIN[9:]}; {ADDRESS}</OtherInformation></Designation></Designations>"
)
EUROPEAN_UNION = (
    '<export><sanctionEntity><nameAlias wholeName="A" strong="true"><remark>BSC: '
    f"{ADDRESS}</remark></nameAlias></sanctionEntity></export>"
)
ORDERS = f'Order Number,Assets,Is Canceled\n1,"Id: 5\nName: {BITCOIN}, {ADDRESS}\n\nName: 35561732",False\n'
DELIMITED = (
    f'1,"A","individual","Digital Currency Address - XBT {BITCOIN}; Digital Currency Address {ADDRESS}"\n'
)
WORDS = (*TRANSFER_FIELDS, *OPTIONAL_FIELDS, *get_args(TransferKind), "retraction", "0x")


def messages() -> Iterator[bytes]:
    """Good messages, and bad ones of every kind."""
    first = story().transfers[0]
    yield encode(first)
    yield encode(replace(first, **FACTS))
    yield encode(retraction(first, block_number=17_173_049, block_hash=HASH))
    yield from (
        payload for _, _, payload in poison(story().transfers, sum(map(len, KINDS.values()))) if payload
    )


def transfer_files() -> Iterator[bytes]:
    """A file of each form, with the byte that says how it is packed."""
    rows = [
        (
            '"Txhash","Blockno","UnixTimestamp","From","To","ContractAddress","Value_IN(ETH)","Value_OUT(ETH)",'
            f'"Historical $Price/Eth","Status","ErrCode"\n"{HASH}","5","1683029999","{ADDRESS}","{ADDRESS}",'
            '"","1,234.5","0","311.26","",""\n'
        ),
        (
            "Txhash,Blockno,UnixTimestamp,From,To,TokenValue,USDValueDayOfTx,ContractAddress,TokenSymbol\n"
            f'{HASH},5,1683029999,{ADDRESS},{ADDRESS},"3,067.671",$330.58,{ADDRESS},T\n'
        ),
        (
            "block_number,transaction_hash,transaction_index,from_address,to_address,value,trace_type,call_type,"
            f'trace_address,error,status\n5,{HASH},0,{ADDRESS},{ADDRESS},7,call,call,"0,1",,1\n'
        ),
    ]
    yield from (b"\0" + row.encode() for row in rows)
    yield b"\2" + zstandard.compress(rows[0].encode())
    yield b"\3" + gzip.compress(rows[1].encode())
    tron = (
        f'{{"data": [{{"transaction_id": "{HASH[2:]}", "block_number": 5, "block_timestamp": 1683029999000,'
        f' "event_index": 0, "contract_address": "{ADDRESS}", "event_name": "Transfer",'
        f' "result": {{"from": "{ADDRESS}", "to": "{ADDRESS}", "value": "7"}}}}]}}'
    )
    api = (
        f'{{"status": "1", "result": [{{"blockNumber": "5", "timeStamp": "1683029999", "hash": "{HASH}",'
        f' "from": "{ADDRESS}", "to": "{ADDRESS}", "value": "7", "contractAddress": "{ADDRESS}",'
        ' "tokenDecimal": "6", "transactionIndex": "3"}]}'
    )
    yield from (b"\1" + text.encode() for text in (tron, api, ETL))


def seeds(target: str) -> Iterator[bytes]:
    """Where the fuzzer begins."""
    first = story().transfers[0]
    if target == "decoder":
        yield from messages()
    elif target == "message_key":
        yield from (first.message_key.encode() + b"\n" + message for message in messages())
    elif target == "addresses":
        yield from (bytes([chain]) + a.encode() for chain in range(46) for a in (ADDRESS, BITCOIN, HASH))
    elif target == "wallet_reference":
        yield from (
            text.encode() for text in (ADDRESS, BITCOIN, f"bitcoin:{BITCOIN}", f"bitcoincash:{CASHADDR}")
        )
    elif target == "transfer_csv":
        full = replace(first, **FACTS | {"receiver_tag": "c"})
        for transfer, columns in ((first, COLUMNS), (full, (*COLUMNS, *OPTIONAL_FIELDS))):
            row = ",".join("" if (v := getattr(transfer, name)) is None else str(v) for name in columns)
            yield f"{','.join(columns)}\n{row.replace(' ', 'T')}\n".encode()
    elif target == "ethereum_etl":
        yield ETL.encode()
    elif target == "transfer_file":
        yield from transfer_files()
    else:
        # The format and the name (of the XML the format alone): see the target.
        chosen = ((b"\0\2", LABELS), (b"\1\1", TAGPACK), (b"\2", OFAC), (b"\4\3", f'["{ADDRESS}"]'))
        yield from (choice + text.encode() for choice, text in chosen)
        yield from (b"\4" + text.encode() for text in (UNITED_KINGDOM, EUROPEAN_UNION))
        yield from (choice + text.encode() for choice, text in ((b"\4\2", ORDERS), (b"\4\5", DELIMITED)))


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris has no wheel for this machine or Python")
@pytest.mark.parametrize(
    "target",
    [
        "decoder",
        "message_key",
        "addresses",
        "wallet_reference",
        "transfer_csv",
        "ethereum_etl",
        "transfer_file",
        "labels",
    ],
)
def test_nothing_that_a_fuzzer_thinks_up_gets_past_a_reader(target: str, tmp_path: Path) -> None:
    corpus, words = tmp_path / "corpus", tmp_path / "words"
    corpus.mkdir()
    for number, seed in enumerate(seeds(target)):
        (corpus / str(number)).write_bytes(seed)
    words.write_text("".join(f'"{name}"\n' for name in WORDS))
    extent = [f"-max_total_time={SECONDS}"] if SECONDS else [f"-runs={RUNS.get(target, 4_000)}", "-seed=7"]
    options = [
        *extent,
        f"-dict={words}",
        "-max_len=4096",
        "-rss_limit_mb=1500",
        f"-artifact_prefix={tmp_path}/",
    ]
    command = [sys.executable, "-m", "tests.fuzz.targets", target, str(corpus), *options]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, check=False, timeout=RUN_SECONDS)
    told = done.stderr.decode(errors="replace") + done.stdout.decode(errors="replace")
    crashes = [path.read_bytes() for path in tmp_path.iterdir() if path.name.startswith(("crash-", "oom-"))]
    assert done.returncode == 0, f"{crashes}\n{told[-4000:]}"
    executions = re.search(r"Done (\d+) runs in (\d+) second", told)
    assert executions is not None, told[-4000:]
    assert int(executions[1]) >= 1_000
    print(f"\n{target}: {executions[1]} executions in {executions[2]} s, no crash")  # noqa: T201 - make fuzz -s
