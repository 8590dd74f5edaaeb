"""Etherscan's exports and the answers of its API, read as transfers; other explorers write the same forms."""

from collections.abc import Iterator
from decimal import Context, Decimal
from pathlib import Path
from typing import Final

from app.chains.addresses import EVM_CHAINS, EVM_NATIVE_ASSETS, normalise_address
from app.domain import ByteProgress, Transfer
from app.errors import InvalidEvent, InvalidInput
from ingest.contract.fields import MAX_DECIMALS
from ingest.contract.reasons import SCHEMA_VERSION
from ingest.contract.transfer import parse_event
from ingest.contract.transfer_index import NATIVE_INDEX, token_index
from ingest.files.etl_transfers import NATIVE_DECIMALS, SkippedRecord
from ingest.files.forms import Form
from ingest.files.identity import ContentIndices
from ingest.files.records import Record, read_records
from ingest.files.spelling import amount, decimal, has_decimal_comma, integer, time, value
from ingest.files.tally import Tally

ASSUMED_DECIMALS: Final = 18
"""Of a token whose decimals nothing tells, in an export that writes numbers of tokens."""
WELL_KNOWN: Final = {
    "ethereum": {
        "0xdac17f958d2ee523a2206206994597c13d831ec7": 6,  # USDT
        "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48": 6,  # USDC
        "0x2260fac5e5542a773aa44fbcfedf7c193bc2c599": 8,  # WBTC
    }
}
"""Decimals of tokens that never change them."""
_COINS: Final = {
    "MATIC": "polygon",
    **{coin: chain for chain, coin in EVM_NATIVE_ASSETS.items() if coin != "ETH"},
}
_USD: Final = Context(prec=200)
_USD_STEP: Final = Decimal("1e-18")
MAX_USD: Final = 10**30


def chain_of_header(record: Record) -> str | None:
    """The chain whose coin a header names, as `Value_IN(BNB)`; None for ETH, which many chains have."""
    coin = next((name[9:-1] for name in record if name.startswith("Value_IN(")), None)
    return _COINS.get(coin or "")


def read_etherscan(
    path: Path,
    form: Form,
    chain: str,
    tally: Tally,
    *,
    decimals: dict[str, int],
    progress: ByteProgress | None = None,
) -> Iterator[Transfer]:
    """The transfers of one file.

    `decimals` has those of tokens that another file or the record tells. Without a log index a token's
    transfer gets an index of what it says, and so does an internal movement (`ContentIndices`).

    Raises:
        InvalidInput: the chain is not EVM, or has another coin than the file; the file is damaged.
    """
    if chain not in EVM_CHAINS:
        raise InvalidInput(f"{path}: Etherscan describes EVM chains; {chain} is none.")
    reader = _Reader(chain, decimals)
    parse = {
        Form.etherscan_normal: reader.normal,
        Form.etherscan_internal: reader.internal,
        Form.etherscan_token: reader.token,
        Form.etherscan_api: reader.api,
    }.get(form, reader.nft)
    for line, record in read_records(path, progress):
        try:
            reader.noted.clear()
            reader.assumed = None
            if (of_header := chain_of_header(record)) not in (None, chain):
                raise InvalidInput(
                    f"{path}: its coin is that of {of_header}. Import it with --chain {of_header}."
                )
            _refuse_decimal_commas(path, line, record)
            event = parse_event({**reader.common, **parse(record)})
        except SkippedRecord as exc:
            tally.skip(exc.reason, path, line)
        except InvalidEvent as exc:
            tally.skip(exc.reason, path, line, str(exc))
        else:
            tally.notes.update(reader.noted)
            if reader.assumed is not None:
                tally.assumed_decimals[reader.assumed] += 1
            if isinstance(event, Transfer):
                yield event


def _refuse_decimal_commas(path: Path, line: int, record: Record) -> None:
    """One such number tells that `1,500` in the same file is one and a half: no amount of it is safe."""
    for name, of in record.items():
        if name.startswith(("Value_IN(", "Value_OUT(", "TokenValue")) and has_decimal_comma(of):
            raise InvalidInput(
                f"{path}, line {line}: {of} has its fraction behind a comma, as a spreadsheet of another"
                " language writes it. Import the file as it was downloaded."
            )


class _Reader:
    """Parses the rows of one file; a movement's number among equal ones is counted in it."""

    def __init__(self, chain: str, decimals: dict[str, int]) -> None:
        self._chain = chain
        self.noted: list[str] = []
        """What is uncertain about the row that is read (`tally.NOTES`)."""
        self.assumed: str | None = None
        """Its token, if the decimals of that are assumed."""
        self._decimals = {**WELL_KNOWN.get(chain, {}), **decimals}
        self._indices = ContentIndices()
        self.common: Record = {
            "schema_version": SCHEMA_VERSION,
            "chain": chain,
            "transaction_index": 0,
            "usd_value": None,
            "decimals": NATIVE_DECIMALS,
            "asset": EVM_NATIVE_ASSETS[chain],
        }

    def normal(self, record: Record) -> Record:
        if value(record.get("ErrCode")) or str(record.get("Status") or "").startswith("Error"):
            raise SkippedRecord("failed")
        return {**self._row(record), **self._coins(record), "transfer_index": NATIVE_INDEX}

    def internal(self, record: Record) -> Record:
        if value(record.get("ErrCode")) or str(record.get("Status") or "0") not in ("0", "Success"):
            raise SkippedRecord("failed")
        fields = {**self._row(record), **self._coins(record), "kind": "internal"}
        return {**fields, "transfer_index": self._internal_index(fields)}

    def token(self, record: Record) -> Record:
        token = str(value(record.get("ContractAddress")) or "")
        number = decimal(record.get("TokenValue"))
        if number == 0:
            raise SkippedRecord("zero_value")
        known = self._decimals.get(token.lower())
        places = ASSUMED_DECIMALS if known is None else known
        fields: Record = {
            **self._row(record),
            "asset": token,
            "amount": record.get("TokenValue") if number is None else _units(number, places),
            "decimals": places,
            "usd_value": _usd(decimal(record.get("USDValueDayOfTx"))),
        }
        if known is None:
            self.noted.append("decimals_assumed")
            self.assumed = f"{self._chain}:{token.lower()}"
        return {**fields, "transfer_index": self._token_index(fields)}

    def nft(self, record: Record) -> Record:
        raise SkippedRecord("erc1155" if value(record.get("TokenValue")) else "nft")

    def api(self, record: Record) -> Record:
        if value(record.get("tokenValue")):
            raise SkippedRecord("erc1155")
        if value(record.get("tokenID")):
            raise SkippedRecord("nft")
        if integer(record.get("isError")) == 1 or integer(record.get("txreceipt_status")) == 0:
            raise SkippedRecord("failed")
        if integer(record.get("value")) == 0:
            raise SkippedRecord("zero_value")
        fields: Record = {
            "transaction_hash": record["hash"],
            "block_number": integer(record.get("blockNumber")),
            "occurred_at": time(record.get("timeStamp")),
            "sender": value(record.get("from")),
            "receiver": value(record.get("to")) or value(record.get("contractAddress")),
            "amount": amount(record.get("value")),
        }
        if value(record.get("transactionIndex")) is not None:
            fields["transaction_index"] = integer(record["transactionIndex"])
        else:
            self.noted.append("no_transaction_index")
        if "tokenDecimal" in record or "tokenSymbol" in record:
            fields |= {
                "asset": value(record.get("contractAddress")),
                "decimals": integer(record.get("tokenDecimal")),
            }
            log_index = integer(record.get("logIndex"))
            index = token_index(log_index) if type(log_index) is int else self._token_index(fields)
            return {**fields, "transfer_index": index}
        if "traceId" in record or ("errCode" in record and "nonce" not in record):
            return {**fields, "kind": "internal", "transfer_index": self._internal_index(fields)}
        return {**fields, "transfer_index": NATIVE_INDEX}

    def _row(self, record: Record) -> Record:
        self.noted.append("no_transaction_index")
        moment = value(record.get("UnixTimestamp"))
        return {
            "transaction_hash": value(record.get("Txhash") or record.get("Transaction Hash")),
            "block_number": integer(record.get("Blockno")),
            "occurred_at": time(value(record.get("DateTime (UTC)")) if moment is None else moment),
            "sender": value(record.get("From")),
            # The contract that the transaction creates receives what is sent with it.
            "receiver": value(record.get("To") or record.get("TxTo")) or value(record.get("ContractAddress")),
        }

    def _coins(self, record: Record) -> Record:
        texts = [
            text
            for name, of in record.items()
            if name.startswith(("Value_IN(", "Value_OUT(")) and (text := value(of)) is not None
        ]
        numbers = [number for text in texts if (number := decimal(text)) is not None]
        if not numbers or len(numbers) < len(texts):
            raise InvalidEvent("bad_amount", "amount: Value_IN and Value_OUT are not both numbers.")
        number = max(numbers)
        if not number:
            raise SkippedRecord("zero_value")
        price = next(
            (decimal(text) for name, text in record.items() if name.startswith("Historical $Price")), None
        )
        return {
            "amount": _units(number, NATIVE_DECIMALS),
            "usd_value": None if price is None else _usd(number, price),
        }

    def _token_index(self, fields: Record) -> int:
        self.noted.append("no_log_index")
        return self._indices.token(*self._content(fields, str(fields["asset"])))

    def _internal_index(self, fields: Record) -> int:
        self.noted.append("no_log_index")
        return self._indices.internal(*self._content(fields, ""))

    def _content(self, fields: Record, asset: str) -> tuple[str, ...]:
        addresses = (normalise_address(self._chain, str(fields[name])) for name in ("sender", "receiver"))
        return (str(fields["transaction_hash"]).lower(), *addresses, asset.lower(), _content_amount(fields))


def _content_amount(fields: Record) -> str:
    """The amount as identity has it: the same in every source, also where one does not tell the decimals.

    In 10^-18 of a unit; with more digits as they are, with their exponent.
    """
    text, places = str(fields["amount"]), fields.get("decimals", NATIVE_DECIMALS)
    if not text.isdecimal() or type(places) is not int or not 0 <= places <= MAX_DECIMALS:
        return text
    units, rest = divmod(int(text) * 10**ASSUMED_DECIMALS, 10**places)
    return f"{text}e-{places}" if rest else str(units)


def _units(number: Decimal, places: int) -> str:
    """Base units, exact: arithmetic of decimals would round to 28 digits."""
    _, digits, exponent = number.as_tuple()
    units, power = int("".join(map(str, digits))), int(exponent) + places
    if power < 0:
        units, rest = divmod(units, 10**-power)
        if rest:
            raise SkippedRecord("too_precise")
        return str(units)
    return str(units * 10**power)


def _usd(number: Decimal | None, price: Decimal = Decimal(1)) -> str | None:
    """A value in USD; None also where it is beyond what the contract takes."""
    if number is None:
        return None
    product = _USD.quantize(_USD.multiply(number, price), _USD_STEP)
    return format(product, "f") if product < MAX_USD else None
