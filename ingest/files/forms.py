"""The form of a file, found by the names of its fields."""

from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Final

from app.errors import InvalidInput
from ingest.files.cryo import as_etl
from ingest.files.records import Record, read_records
from ingest.files.transfer_csv import COLUMNS

_LOOKED_AT: Final = 20
"""Records in which the form is looked for: a stream begins with any of its kinds."""


class Form(StrEnum):
    """What a file holds, as people call it."""

    product_csv = "the product's CSV"
    product_events = "the product's events"
    etl_blocks = "ethereum-etl blocks"
    etl_receipts = "ethereum-etl receipts"
    etl_contracts = "ethereum-etl contracts"
    etl_tokens = "ethereum-etl tokens"
    etl_logs = "ethereum-etl logs"
    etl_transactions = "ethereum-etl transactions"
    etl_token_transfers = "ethereum-etl token transfers"  # noqa: S105 - no password
    etl_traces = "ethereum-etl traces"
    etherscan_normal = "Etherscan's export of transactions"
    etherscan_internal = "Etherscan's export of internal transactions"
    etherscan_token = "Etherscan's export of token transfers"  # noqa: S105 - no password
    etherscan_nft = "Etherscan's export of NFT transfers"
    etherscan_api = "Etherscan's API"
    trongrid_trc20 = "TronGrid's TRC20 history"
    trongrid_events = "TronGrid's contract events"
    trongrid_transactions = "TronGrid's transactions"
    utxo = "transactions with inputs and outputs"


ETL: Final = (
    Form.etl_blocks,
    Form.etl_receipts,
    Form.etl_contracts,
    Form.etl_tokens,
    Form.etl_logs,
    Form.etl_transactions,
    Form.etl_token_transfers,
    Form.etl_traces,
)
"""In the order in which they are read: later ones need what earlier ones say."""
ETHERSCAN: Final = (
    Form.etherscan_normal,
    Form.etherscan_internal,
    Form.etherscan_token,
    Form.etherscan_nft,
    Form.etherscan_api,
)
TRONGRID: Final = (Form.trongrid_events, Form.trongrid_trc20, Form.trongrid_transactions)

_BY_FIELDS: Final = (
    (Form.product_events, ({"schema_version", "chain", "transaction_hash"},)),
    (Form.product_csv, ({*COLUMNS},)),
    (
        Form.utxo,
        ({"inputs", "outputs", "hash"}, {"vin", "vout"}, {"merkle_root", "bits"}, {"merkleroot", "tx"}),
    ),
    (Form.etherscan_nft, ({"Token ID"}, {"TokenId"}, {"TokenID", "Txhash"})),
    (Form.etherscan_token, ({"TokenValue", "TokenSymbol", "ContractAddress"},)),
    (Form.etherscan_internal, ({"ParentTxFrom", "Blockno"},)),
    (Form.etherscan_normal, ({"Txhash", "Blockno", "From"}, {"Transaction Hash", "Blockno", "From"})),
    (Form.etherscan_api, ({"blockNumber", "timeStamp", "hash", "from"},)),
    (Form.trongrid_trc20, ({"transaction_id", "token_info"},)),
    (Form.trongrid_events, ({"transaction_id", "event_name", "result"},)),
    (Form.trongrid_transactions, ({"txID", "raw_data"},)),
    (Form.etl_traces, ({"trace_address", "transaction_hash"}, {"trace_type", "transaction_hash"})),
    (Form.etl_token_transfers, ({"token_address", "log_index", "from_address"},)),
    (Form.etl_logs, ({"topics", "log_index"}, {"topic0", "log_index"})),
    (Form.etl_transactions, ({"hash", "nonce", "from_address"},)),
    (Form.etl_receipts, ({"transaction_hash", "gas_used", "contract_address"},)),
    (Form.etl_contracts, ({"address", "is_erc721"}, {"address", "bytecode"})),
    (Form.etl_tokens, ({"address", "decimals", "symbol"},)),
    (Form.etl_blocks, ({"number", "timestamp"},)),
)


def form_of(record: Record) -> Form | None:
    """The form of a record, or None where it is none that is known."""
    names = as_etl(record).keys()
    return next(
        (form for form, alternatives in _BY_FIELDS if any(fields <= names for fields in alternatives)), None
    )


def form_of_file(path: Path) -> Form | None:
    """The form of the first record of a file that has one; None where none is known.

    Raises:
        InvalidInput: the file cannot be read or is damaged at its beginning.
    """
    first = islice(read_records(path), _LOOKED_AT)
    return next((form for _, record in first if (form := form_of(record)) is not None), None)


def refuse_utxo(path: Path) -> InvalidInput:
    """The sentence that refuses transactions with several inputs."""
    return InvalidInput(
        f"{path}: holds {Form.utxo} (bitcoin-etl, a node or Esplora). Those of Bitcoin and its relatives are "
        "not read yet: one transaction has many senders, and a transfer has one. Nothing was imported."
    )


def why_no_records(path: Path) -> str | None:
    """Why a file without a known form has no record, as the end of a sentence; None where nothing says it."""
    if not path.stat().st_size:
        return "is empty."
    record = next((record for _, record in islice(read_records(path), 1)), None)
    if record is None:
        return "holds no record."
    if "message" in record and (said := record.get("result") or record["message"]):
        return f"is an answer without transfers: {str(said)[:200]}."
    return None
