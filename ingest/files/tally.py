"""What a reader of files leaves out, by reason, with the first places where it did."""

from collections import Counter
from pathlib import Path
from typing import Final

from ingest.files.block_coverage import BlockCoverage

EXAMPLES: Final = 3
"""Places named for each reason."""

REASONS: Final = {
    "failed": "the transaction or the call failed, so it moved nothing",
    "contract_creation": "a contract was created without value, or its address is in none of the files",
    "zero_value": "nothing was moved",
    "moves_nothing": "a call that runs in its caller's name and moves no value",
    "reward": "a block's reward, which belongs to no transaction",
    "in_transactions": "the same movement is read from the transactions",
    "in_events": "the same movement is read from the contract events",
    "no_transaction": "its transaction is in none of the files, so its place in the block is unknown",
    "no_time": "the time of its block is in none of the files",
    "nft": "a token that is no amount but a number of its own (ERC-721)",
    "erc1155": "a token of a contract that holds many tokens (ERC-1155)",
    "other_event": "an event of the contract that is no transfer",
    "other_contract": "a contract call, whose token transfers the transaction does not show",
    "too_precise": "the amount has more digits after its point than the token has decimals",
}
"""Reasons beyond the codes of the event contract (docs/event.md), as a person reads them."""

NOTES: Final = {
    "status_unknown": "transactions without a status are read as successful. Receipts in the folder tell.",
    "standard_unknown": (
        "token transfers are read as amounts, although nothing here says whether their contract has NFTs."
        " Logs or contracts in the folder tell."
    ),
    "kind_of_call_unknown": (
        "calls of native_transfers do not say whether they run in their caller's name, which moves nothing:"
        " read as payments, the first of a transaction as its own. cryo's traces tell: import those instead."
    ),
    "no_log_index": (
        "movements have no log index: their identity is made of what they say, so importing them again"
        " changes nothing. Do not import the same transactions from a source that has log indices too."
    ),
    "no_transaction_index": (
        "transfers have no place in their block: all are put in place 0. Transactions in the folder tell."
    ),
    "decimals_assumed": (
        "token transfers are written as numbers of tokens whose decimals are unknown: recorded in 10^-18 of a"
        " token, which is right as a number of tokens. A file of tokens in the folder tells, and so does"
        " `aml import assets`."
    ),
    "estimated_times": (
        "transfers have no time: it is estimated from the block number, some days off at most. Blocks or"
        " transactions in the folder tell."
    ),
    "time_for_block": (
        "transfers have no block: the seconds of their time stand for it. Contract events in the folder tell."
    ),
}
"""What was read with less than certainty, as a person reads it after its number."""


class Tally(Counter[str]):
    """Counts what is left out by reason.

    `examples` has the first places of each reason, `notes` counts what is uncertain, `assumed_decimals` the
    transfers of each `chain:token` whose decimals nothing tells, `blocks` are those that an export of whole
    blocks has.
    """

    def __init__(self) -> None:
        super().__init__()
        self.examples: dict[str, list[str]] = {}
        self.notes: Counter[str] = Counter()
        self.assumed_decimals: Counter[str] = Counter()
        self.blocks = BlockCoverage()

    def skip(self, reason: str, file: Path, line: int, detail: str = "") -> None:
        """Counts one record that is left out."""
        self[reason] += 1
        places = self.examples.setdefault(reason, [])
        if len(places) < EXAMPLES:
            places.append(f"{file.name}, line {line}{f': {detail}' if detail else ''}")
