"""The API's bodies and answers. Written by `make client-models`; do not edit."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class AlertCause(BaseModel):
    """
    One cause of an alert.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    cause: Annotated[str, Field(description='The same one never comes twice.')]
    detail: str
    retrospective: bool
    usd_value: str | None
    run_id: Annotated[int | None, Field(description='The run that found it, or null.')]
    screening_id: Annotated[
        int | None, Field(description='The screening that found it, or null.')
    ]
    watermark: Annotated[
        int | None, Field(description='Last ingest batch that it had seen.')
    ]
    recorded_at: AwareDatetime


class AssetName(BaseModel):
    """
    An asset of the answer as the registry calls it; `title` is how pages write it.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    chain: str
    asset: str
    symbol: Annotated[str | None, Field(description='Null: nobody says one.')]
    name: str | None
    name_source: Annotated[str | None, Field(description='Who says so.')]
    decimals: int | None
    known: Annotated[
        bool, Field(description='Native, or registered: its money counts.')
    ]
    title: Annotated[
        str,
        Field(
            description='The symbol; with the contract in short where it is not known or another says the same.'
        ),
    ]


class Attempt(BaseModel):
    """
    One call and what was answered.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    attempted_at: AwareDatetime
    status_code: Annotated[int | None, Field(description='Null: nothing was answered.')]
    answer: Annotated[str, Field(description="The beginning of the answer's body.")]
    error: str | None
    seconds: float


class Event(BaseModel):
    """
    A transfer, or a retraction (`type`), as `/v1/contract` has them.
    """

    model_config = ConfigDict(
        extra='allow',
        frozen=True,
    )
    schema_version: Annotated[Literal[1], Field(description='Of this contract.')]
    chain: Annotated[str, Field(description='Of the transfer.')]
    transaction_hash: Annotated[
        str, Field(description='As the chain writes it; hex is stored in lower case.')
    ]
    transfer_index: Annotated[int | None, Field(description='Null: all of the asset.')]
    block_number: Annotated[int | None, Field(description='Of the block.')] = None
    transaction_index: Annotated[
        int | None, Field(description='Place of the transaction in its block.')
    ] = None
    occurred_at: Annotated[
        str | None,
        Field(
            description='Time of the block: RFC 3339 with an offset, in the years 2009 to 2100.'
        ),
    ] = None
    sender: Annotated[
        str | None,
        Field(
            description='Address of the chain; a mixed-case EVM one with its EIP-55 checksum.'
        ),
    ] = None
    receiver: Annotated[
        str | None,
        Field(
            description='Address of the chain; a mixed-case EVM one with its EIP-55 checksum.'
        ),
    ] = None
    asset: Annotated[str, Field(description="A token's address, or a symbol.")]
    amount: Annotated[str | None, Field(description='Base units, 0 to 2^256 - 1.')] = (
        None
    )
    decimals: Annotated[
        int | None, Field(description='Decimal places of the asset; null: unknown.')
    ] = None
    usd_value: Annotated[
        str | None, Field(description='Value at the time in USD; null: no price.')
    ] = None
    block_hash: Annotated[str | None, Field(description='Hash of the block.')] = None
    observed_at: Annotated[
        str | None,
        Field(
            description='When the producer saw it: RFC 3339 with an offset, in the years 2009 to 2100.'
        ),
    ] = None
    initiator: Annotated[
        str | None, Field(description='Address that signed the transaction.')
    ] = None
    kind: Annotated[str | None, Field(description='What moved the asset.')] = None
    sender_tag: Annotated[
        str | None, Field(description='Memo or destination tag of the sender.')
    ] = None
    receiver_tag: Annotated[
        str | None, Field(description='Memo or destination tag of the receiver.')
    ] = None
    type: Annotated[
        Literal['retraction'] | None, Field(description='Absent in a transfer.')
    ] = None


class EventsRequest(BaseModel):
    """
    Events of the contract, which is at `/v1/contract/transfer`; retractions may be among them.
    """

    model_config = ConfigDict(
        extra='forbid',
        frozen=True,
    )
    transfers: Annotated[
        list[Event],
        Field(
            description='Each is looked at by itself: one that breaks the contract is refused, the others sent.',
            max_length=1000,
            min_length=1,
        ),
    ]


class ForgottenReference(BaseModel):
    """
    What was erased: the references; the screenings themselves stay, and name nobody.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    reference_id: str
    screenings: Annotated[int, Field(description='How many screenings had it.')]


class Freshness(BaseModel):
    """
    What touched this wallet since its run. What changed at other wallets can change its score too.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    stale: Annotated[bool, Field(description='Something did.')]
    transfers: Annotated[
        int,
        Field(
            description='Its transfers with flow that were stored, retracted or restored since, at most 1000.'
        ),
    ]
    labels: Annotated[
        int,
        Field(
            description='Its labels that were recorded or removed since, or began or ceased to be valid.'
        ),
    ]
    policy_changed: Annotated[
        bool, Field(description='The next run would use another policy.')
    ]
    prices_changed: Annotated[
        bool,
        Field(
            description='The next run would use other prices or another registry of assets.'
        ),
    ] = False


class LabelList(BaseModel):
    """
    A list of labels as it is recorded now.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    source: str
    entries: int
    updated_at: Annotated[
        AwareDatetime, Field(description='When one of its labels was recorded last.')
    ]
    digest: Annotated[
        str | None,
        Field(
            description='SHA-256 of the file of its last import; null where none was imported.'
        ),
    ] = None
    checked_at: Annotated[
        AwareDatetime | None,
        Field(description='When that file was last read, changed or not.'),
    ] = None


class ListName(BaseModel):
    """
    A list that labels came from, as it was at the time of the answer.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    source: str
    entries: Annotated[int, Field(description='Labels it held.')]
    digest: Annotated[
        str, Field(description='SHA-256 of the file, or of the files of the folder.')
    ]
    recorded_at: Annotated[
        AwareDatetime, Field(description='When this content was imported first.')
    ]
    checked_at: Annotated[
        AwareDatetime, Field(description='When it was last read, changed or not.')
    ]


class NewWebhook(BaseModel):
    """
    An endpoint with its secret, which is shown this once.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    endpoint_id: UUID
    url: str
    description: str
    enabled: Annotated[
        bool, Field(description='False: nothing is sent, since it answered 410 Gone.')
    ]
    recorded_at: AwareDatetime
    secret_before_until: Annotated[
        AwareDatetime | None,
        Field(description='Until then the secret before the last rotation signs too.'),
    ]
    secret: Annotated[str, Field(description='Of Standard Webhooks; keep it.')]


class OwnLabel(BaseModel):
    """
    The effective label of the wallet at the time of the run.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    category: Annotated[
        str | None, Field(description='Null: the label only names the wallet.')
    ]
    name: str
    source: str
    confidence: int


class Reason(BaseModel):
    """
    Why a rule of the policy fired, with its figures; `decides` is of the one that gave the level.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    rule: str
    outcome: Annotated[
        str, Field(description='The level it raises to, or the flag it sets.')
    ]
    decides: bool
    sentence: str


class RefusedMessage(BaseModel):
    """
    A refused message with the beginning of its bytes.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    origin: Annotated[
        str,
        Field(
            description='TOPIC/PARTITION/OFFSET, and /SERIES where the topic was made anew.'
        ),
    ]
    topic: str
    partition: int
    series: Annotated[
        int, Field(description="How often the topic's offsets began anew, from 1.")
    ]
    offset: int
    reason: Literal['foreign_tombstone', 'foreign_avro', 'foreign_debezium', 'foreign_ethereum_etl', 'foreign_json', 'foreign_text', 'empty', 'too_large', 'not_json', 'not_object', 'wrong_version', 'unknown_type', 'missing_field', 'unknown_field', 'duplicate_field', 'wrong_type', 'unknown_chain', 'bad_hash', 'bad_place', 'bad_time', 'bad_address', 'bad_checksum', 'bad_asset', 'bad_amount', 'bad_decimals', 'bad_usd_value', 'bad_kind', 'bad_tag', 'wrong_key', 'not_storable', 'conflict']
    detail: str
    payload_bytes: Annotated[int, Field(description='Of the whole message.')]
    payload: Annotated[
        str,
        Field(
            description='The first 2000 characters; bytes that are no text are escaped.'
        ),
    ]
    key: Annotated[str | None, Field(description='Of the message.')]
    transaction_hash: Annotated[
        str | None,
        Field(description='As the message has it; null where it cannot be read.'),
    ]
    recorded_at: AwareDatetime
    published_at: Annotated[
        AwareDatetime | None, Field(description='On the topic of dead letters.')
    ]
    replayed_at: Annotated[AwareDatetime | None, Field(description='Sent again.')]


class Removed(BaseModel):
    """
    How many there were.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    removed: int


class RunName(BaseModel):
    """
    The scoring run of an answer.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    run_id: int
    policy_version: str
    policy_digest: str
    label_set_digest: str
    watermark: Annotated[
        int, Field(description="Last ingest batch in the run's snapshot.")
    ]
    engine: Literal['cypher', 'ledger', 'spark']
    engine_reason: Annotated[
        str | None,
        Field(
            description='Why this engine answered; null for runs before this was kept.'
        ),
    ] = None
    hop_limit: int
    as_of: Annotated[
        AwareDatetime, Field(description='The run used the labels valid at this time.')
    ]
    lists: Annotated[
        list[ListName],
        Field(
            description='The lists of labels at that time, by source.',
            validate_default=True,
        ),
    ] = []


class RunRequest(BaseModel):
    """
    How to run; without a body the settings apply.
    """

    model_config = ConfigDict(
        extra='forbid',
        frozen=True,
    )
    engine: Annotated[
        Literal['auto', 'cypher', 'ledger', 'spark'] | None,
        Field(description='Null: the setting `AML_ENGINE`.'),
    ] = None


class ScreenedLabel(BaseModel):
    """
    A label of the wallet that is recorded now.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    chain: Annotated[str, Field(description='On which it was recorded.')]
    category: str | None
    name: str
    source: Annotated[str, Field(description='The list.')]
    confidence: int
    valid_from: Annotated[
        AwareDatetime | None,
        Field(description='Of a listing: since when it is listed.'),
    ]
    valid_to: AwareDatetime | None
    recorded_at: Annotated[
        AwareDatetime, Field(description='When the list that has it was read.')
    ]
    effective: Annotated[bool, Field(description='Whether it is the one that counts.')]
    tag: Annotated[
        str | None,
        Field(
            description='Memo or destination tag that it is about; null: the whole address.'
        ),
    ] = None
    other_tag: Annotated[
        bool,
        Field(
            description='It is about another tag than was asked for, and counts for nothing here.'
        ),
    ] = False


class ScreeningDifference(BaseModel):
    """
    One field that a screening, computed again, has otherwise.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    field: str
    recorded: str
    computed: str


class ScreeningVerification(BaseModel):
    """
    Whether a screening, computed again from the record, is the same.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    screening_id: int
    equal: bool
    differences: list[ScreeningDifference]
    notes: list[str] = []


class SentBeyondReceived(BaseModel):
    """
    What the wallet sent beyond what the record shows it received.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    asset: str
    amount: str
    decimals: int | None


class TransferSubject(BaseModel):
    """
    A deposit: one transfer, by its index in the transaction or by the wallet that received it.
    """

    model_config = ConfigDict(
        extra='forbid',
        frozen=True,
    )
    reference: Annotated[
        str | None, Field(description="The caller's own name of it.")
    ] = None
    customer_reference: Annotated[
        str | None,
        Field(
            description="The caller's name of the customer. Deposits to all wallets with it are added up."
        ),
    ] = None
    type: Literal['transfer']
    transaction_hash: str
    chain: str | None = None
    transfer_index: int | None = None
    receiver: str | None = None


class TransferSum(BaseModel):
    """
    What came from the same sender over so many days up to the transfer; `days` null: ever.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    days: int | None
    transfers: int
    usd_value: Annotated[str, Field(description='Of those that have a price.')]
    unpriced_transfers: int


class Unwatched(BaseModel):
    """
    How many there were.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    removed: int


class WalletName(BaseModel):
    """
    One address on one chain, and what its best label calls it.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    chain: str
    address: str
    name: Annotated[str | None, Field(description='Null: no label names it.')] = None
    name_source: Annotated[str | None, Field(description='Who says so.')] = None


class WalletSubject(BaseModel):
    """
    A wallet: whatever is an address, on the chain it names, or on every chain where it is known.

    With a tag, as exchanges give them to their customers, it is this user of the address.
    """

    model_config = ConfigDict(
        extra='forbid',
        frozen=True,
    )
    reference: Annotated[
        str | None, Field(description="The caller's own name of it.")
    ] = None
    customer_reference: Annotated[
        str | None,
        Field(
            description="The caller's name of the customer. Deposits to all wallets with it are added up."
        ),
    ] = None
    tag: Annotated[
        str | None,
        Field(
            description='Memo or destination tag: labels of this tag of the address count too.'
        ),
    ] = None
    type: Literal['wallet']
    address: Annotated[
        str,
        Field(
            description="In any spelling: also `chain:address`, `eip155:1:0x…`, or an explorer's URL."
        ),
    ]
    chain: str | None = None


class WalletTotals(BaseModel):
    """
    What the record holds of a wallet now, without transfers to itself; counted up to a limit.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    transfers_in: int
    transfers_out: int
    paying_wallets: Annotated[int, Field(description='Different wallets that paid it.')]
    paid_wallets: Annotated[int, Field(description='Different wallets that it paid.')]
    first_seen: Annotated[
        AwareDatetime | None, Field(description='Its first transfer; null without one.')
    ]
    last_seen: AwareDatetime | None
    counted_up_to: Annotated[
        int, Field(description='Transfers of each direction that are looked at.')
    ]


class WatchReport(BaseModel):
    """
    What adding watched wallets changed.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    added: int
    updated: Annotated[int, Field(description='Other references than before.')]
    unchanged: int


class WatchRequest(BaseModel):
    """
    A wallet to watch.
    """

    model_config = ConfigDict(
        extra='forbid',
        frozen=True,
    )
    chain: Annotated[str, Field(description='A name of `/v1/chains`, or a ticker.')]
    address: Annotated[
        str,
        Field(
            description="In any spelling: also `chain:address`, `eip155:1:0x…`, or an explorer's URL."
        ),
    ]
    reference: Annotated[
        str | None, Field(description="The caller's own; deleted with the watch.")
    ] = None
    customer_reference: str | None = None


class WatchedWallet(BaseModel):
    """
    A wallet somebody watches, and what was last judged of it.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    watched_id: UUID
    wallet: WalletName
    reference: Annotated[str | None, Field(description="The caller's own.")]
    customer_reference: str | None
    recorded_at: AwareDatetime
    risk_level: Annotated[
        Literal['low', 'unrated', 'medium', 'high', 'severe'] | None,
        Field(description='As last judged, by a run or a screening.'),
    ]
    score: str | None
    flags: list[str]
    run_id: Annotated[
        int | None, Field(description='The run that judged it last, or null.')
    ]
    screening_id: Annotated[
        int | None, Field(description='The screening that did, or null.')
    ]
    watermark: Annotated[
        int | None, Field(description='Last ingest batch that it had seen.')
    ]
    judged_at: AwareDatetime | None


class WatchedWallets(BaseModel):
    """
    Watched wallets by id; `next` is the cursor of the next page.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    watched_wallets: list[WatchedWallet]
    next: str | None = None
    total: Annotated[
        int | None,
        Field(
            description='All entries, where the request asked for them (`total=true`); else null.'
        ),
    ] = None


class WatchesRequest(BaseModel):
    """
    Wallets to watch; all or none are.
    """

    model_config = ConfigDict(
        extra='forbid',
        frozen=True,
    )
    watched_wallets: Annotated[list[WatchRequest], Field(max_length=1000, min_length=1)]


class Webhook(BaseModel):
    """
    Where signed calls go.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    endpoint_id: UUID
    url: str
    description: str
    enabled: Annotated[
        bool, Field(description='False: nothing is sent, since it answered 410 Gone.')
    ]
    recorded_at: AwareDatetime
    secret_before_until: Annotated[
        AwareDatetime | None,
        Field(description='Until then the secret before the last rotation signs too.'),
    ]


class WebhookRequest(BaseModel):
    """
    Where signed calls shall go.
    """

    model_config = ConfigDict(
        extra='forbid',
        frozen=True,
    )
    url: Annotated[
        str,
        Field(
            description='https and public; hosts of `AML_WEBHOOK_ALLOWED_HOSTS` may be neither.'
        ),
    ]
    description: str = ''


class Webhooks(BaseModel):
    """
    All endpoints, oldest first.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    webhooks: list[Webhook]


class WithdrawalSubject(BaseModel):
    """
    A payment that has not been sent: what, how much, and to whom.
    """

    model_config = ConfigDict(
        extra='forbid',
        frozen=True,
    )
    reference: Annotated[
        str | None, Field(description="The caller's own name of it.")
    ] = None
    customer_reference: Annotated[
        str | None,
        Field(
            description="The caller's name of the customer. Deposits to all wallets with it are added up."
        ),
    ] = None
    tag: Annotated[
        str | None,
        Field(
            description='Memo or destination tag: labels of this tag of the address count too.'
        ),
    ] = None
    type: Literal['withdrawal']
    destination: Annotated[
        str,
        Field(
            description="In any spelling: also `chain:address`, `eip155:1:0x…`, or an explorer's URL."
        ),
    ]
    chain: str | None = None
    asset: Annotated[
        str, Field(description="The coin's symbol, or the token's contract.")
    ]
    amount: Annotated[str | None, Field(description='In base units.')] = None
    units: Annotated[
        str | None, Field(description='In units of the asset, instead of `amount`.')
    ] = None
    usd_value: Annotated[
        str | None,
        Field(
            description='What it is worth; without it rules that look at USD cannot be judged by this payment.'
        ),
    ] = None


class Alert(BaseModel):
    """
    Says that somebody should look at a wallet.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    alert_id: int
    rule: Annotated[str, Field(description="Of the policy's `alerts`.")]
    sentence: str
    wallet: WalletName
    reference: Annotated[
        str | None, Field(description="The caller's, while the wallet is watched.")
    ]
    customer_reference: str | None
    status: Literal['open', 'in_review', 'closed']
    outcome: Annotated[
        Literal['confirmed', 'false_positive', 'no_action'] | None,
        Field(description='Of a closed one.'),
    ]
    note: str | None
    risk_level: Annotated[
        Literal['low', 'unrated', 'medium', 'high', 'severe'] | None,
        Field(description='When it was last seen.'),
    ]
    retrospective: Annotated[
        bool,
        Field(
            description='A label or policy that came later made it, not a new transfer of the wallet.'
        ),
    ]
    causes: Annotated[
        int, Field(description='How many joined it; the first opened it.')
    ]
    usd_value: Annotated[
        str | None, Field(description='Of the transfers among its causes, together.')
    ]
    policy_digest: str
    opened_at: AwareDatetime
    last_seen_at: Annotated[
        AwareDatetime, Field(description='When its latest cause came.')
    ]
    changed_at: AwareDatetime
    closed_at: AwareDatetime | None


class AlertChange(BaseModel):
    """
    What a person decided: it is closed with an outcome, or taken up or opened again, or only noted.
    """

    model_config = ConfigDict(
        extra='forbid',
        frozen=True,
    )
    status: Annotated[
        Literal['open', 'in_review', 'closed'] | None,
        Field(description='Left out: it stays.'),
    ] = None
    outcome: Annotated[
        Literal['confirmed', 'false_positive', 'no_action'] | None,
        Field(description='Of a closed one.'),
    ] = None
    note: str | None = None


class AlertDetail(BaseModel):
    """
    An alert with its causes, newest first and at most 1000, and the evidence as it was when it opened.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    alert_id: int
    rule: Annotated[str, Field(description="Of the policy's `alerts`.")]
    sentence: str
    wallet: WalletName
    reference: Annotated[
        str | None, Field(description="The caller's, while the wallet is watched.")
    ]
    customer_reference: str | None
    status: Literal['open', 'in_review', 'closed']
    outcome: Annotated[
        Literal['confirmed', 'false_positive', 'no_action'] | None,
        Field(description='Of a closed one.'),
    ]
    note: str | None
    risk_level: Annotated[
        Literal['low', 'unrated', 'medium', 'high', 'severe'] | None,
        Field(description='When it was last seen.'),
    ]
    retrospective: Annotated[
        bool,
        Field(
            description='A label or policy that came later made it, not a new transfer of the wallet.'
        ),
    ]
    causes: Annotated[
        int, Field(description='How many joined it; the first opened it.')
    ]
    usd_value: Annotated[
        str | None, Field(description='Of the transfers among its causes, together.')
    ]
    policy_digest: str
    opened_at: AwareDatetime
    last_seen_at: Annotated[
        AwareDatetime, Field(description='When its latest cause came.')
    ]
    changed_at: AwareDatetime
    closed_at: AwareDatetime | None
    listed_causes: list[AlertCause]
    evidence: Annotated[
        dict[str, Any],
        Field(description="The answer about the wallet's score at that time."),
    ]


class Alerts(BaseModel):
    """
    Alerts, newest first; `next` is the cursor of the next page.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    alerts: list[Alert]
    next: str | None = None
    total: Annotated[
        int | None,
        Field(
            description='All entries, where the request asked for them (`total=true`); else null.'
        ),
    ] = None


class CategoryAmount(BaseModel):
    """
    What money of one category was worth in USD, directly and through others, by when it moved.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    direction: Literal['source', 'destination']
    category: str
    listed: Literal['before', 'while', 'after', 'unknown'] | None
    firm: bool
    direct_usd: str
    indirect_usd: str
    share: Annotated[float, Field(description='Of all priced money in that direction.')]


class ComputedFrom(BaseModel):
    """
    What a screening was computed from: with the same, it gives the same.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    origin: Annotated[
        Literal['run', 'run_and_paths', 'paths', 'ledger', 'label'] | None,
        Field(description='Null: nothing was computed.'),
    ]
    watermark: Annotated[
        int | None, Field(description='Last ingest batch that it has seen.')
    ]
    run: Annotated[
        RunName | None, Field(description='The published run. Null before the first.')
    ]
    policy_version: str
    policy_digest: str
    label_set_digest: Annotated[
        str | None,
        Field(description='Of the labels on other wallets: those of the run.'),
    ]
    prices_digest: Annotated[
        str | None,
        Field(description='Of the imported prices that the run used; null: none.'),
    ] = None
    registry_digest: Annotated[
        str | None,
        Field(description='Of the registry of assets that the run used; null: none.'),
    ] = None
    labels_as_of: Annotated[
        AwareDatetime,
        Field(description="The wallet's own labels were valid at this time."),
    ]
    lists: Annotated[list[LabelList], Field(description='Sources of labels, by name.')]
    application_version: str


class Contribution(BaseModel):
    """
    Points of one direction, category and hop: share * severity * hop_weight * counted, rounded down.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    direction: Literal['source', 'destination', 'ownership']
    category: str
    hop: int
    share: float
    severity: float
    hop_weight: float
    listed: Literal['before', 'while', 'after', 'unknown'] | None = None
    firm: bool = True
    counted: Annotated[
        float,
        Field(
            description='Part that counts: less than 1 where all of this category is worth less than the floor.'
        ),
    ] = 1.0
    points: str


class Delivery(BaseModel):
    """
    One message to one endpoint, with every attempt.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    delivery_id: int
    message_id: Annotated[str, Field(description='The `webhook-id` of every attempt.')]
    event_type: str
    subject: str
    status: Literal['pending', 'delivered', 'failed']
    recorded_at: AwareDatetime
    next_attempt_at: AwareDatetime | None
    delivered_at: AwareDatetime | None
    attempts: list[Attempt]


class ExposureItem(BaseModel):
    """
    Money of one asset that came from (source) or reached (destination) a category, at one distance.

    For `ownership` (hop 0, the wallet itself is labelled) there is no asset and no amount.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    asset: str | None
    direction: Literal['source', 'destination', 'ownership']
    category: str
    hop: int
    amount: str | None
    decimals: int | None
    share: float
    listed: Annotated[
        Literal['before', 'while', 'after', 'unknown'] | None,
        Field(
            description='When it moved, where the listing of the other end has dates.'
        ),
    ] = None
    firm: Annotated[
        bool, Field(description='False: a weak label alone says what the other end is.')
    ] = True
    usd_value: Annotated[
        str | None,
        Field(
            description="The share of the USD value of the asset's priced transfers; null when none is priced."
        ),
    ]


class InvalidParameter(BaseModel):
    """
    One thing that is wrong with a request.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    location: Literal['path', 'query', 'header', 'body']
    name: Annotated[
        str, Field(description='Of the parameter, or the path into the body.')
    ]
    reason: Annotated[str, Field(description='A code.')]
    detail: str


class Problem(BaseModel):
    """
    What went wrong, and what to do about it. Fields that say nothing are absent.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    type: Annotated[
        Literal['urn:aml:problem:already-ended', 'urn:aml:problem:already-open', 'urn:aml:problem:ambiguous-wallet', 'urn:aml:problem:cancelled', 'urn:aml:problem:dependency-missing', 'urn:aml:problem:disk-full', 'urn:aml:problem:error', 'urn:aml:problem:forbidden', 'urn:aml:problem:http', 'urn:aml:problem:in-use', 'urn:aml:problem:internal', 'urn:aml:problem:invalid-event', 'urn:aml:problem:invalid-input', 'urn:aml:problem:invalid-policy', 'urn:aml:problem:key-reused', 'urn:aml:problem:malformed', 'urn:aml:problem:method-not-allowed', 'urn:aml:problem:not-found', 'urn:aml:problem:not-ready', 'urn:aml:problem:query-timeout', 'urn:aml:problem:too-large', 'urn:aml:problem:too-many-requests', 'urn:aml:problem:unauthorized', 'urn:aml:problem:unequal', 'urn:aml:problem:unsupported-encoding'],
        Field(description='Stable; more may come.'),
    ]
    title: Annotated[str, Field(description='Of the status.')]
    status: int
    detail: str
    instance: Annotated[str, Field(description='Path of the request.')]
    request_id: Annotated[
        str,
        Field(description="As in the header `X-Request-ID`, and in the server's log."),
    ]
    errors: Annotated[
        list[InvalidParameter],
        Field(description='Of 422: each parameter at fault.', validate_default=True),
    ] = []
    reason: Annotated[
        Literal['foreign_tombstone', 'foreign_avro', 'foreign_debezium', 'foreign_ethereum_etl', 'foreign_json', 'foreign_text', 'empty', 'too_large', 'not_json', 'not_object', 'wrong_version', 'unknown_type', 'missing_field', 'unknown_field', 'duplicate_field', 'wrong_type', 'unknown_chain', 'bad_hash', 'bad_place', 'bad_time', 'bad_address', 'bad_checksum', 'bad_asset', 'bad_amount', 'bad_decimals', 'bad_usd_value', 'bad_kind', 'bad_tag', 'wrong_key', 'not_storable', 'conflict'] | Literal['look_alike', 'other_chain'] | None,
        Field(description='Why it is no address, chain or hash: a code.'),
    ] = None
    choices: Annotated[
        list[str], Field(description='`chain:address` of the wallets to choose from.')
    ] = []
    run_id: Annotated[
        int | None, Field(description='The scoring run that is in the way.')
    ] = None


class PublishedEvent(BaseModel):
    """
    What became of one event of a request, in the order of the request.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    status: Literal['published', 'refused']
    partition: Annotated[
        int | None, Field(description='Where it is on the topic; null when refused.')
    ]
    offset: int | None
    reason: Annotated[
        Literal['foreign_tombstone', 'foreign_avro', 'foreign_debezium', 'foreign_ethereum_etl', 'foreign_json', 'foreign_text', 'empty', 'too_large', 'not_json', 'not_object', 'wrong_version', 'unknown_type', 'missing_field', 'unknown_field', 'duplicate_field', 'wrong_type', 'unknown_chain', 'bad_hash', 'bad_place', 'bad_time', 'bad_address', 'bad_checksum', 'bad_asset', 'bad_amount', 'bad_decimals', 'bad_usd_value', 'bad_kind', 'bad_tag', 'wrong_key', 'not_storable', 'conflict'] | None,
        Field(description='Why it was refused: docs/event.md says what each means.'),
    ]
    detail: str | None


class PublishedEvents(BaseModel):
    """
    How many events were sent to the topic, and what became of each.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    published: int
    refused: int
    results: Annotated[
        list[PublishedEvent], Field(description='In the order of the request.')
    ]


class RecordedTransfer(BaseModel):
    """
    One transfer of the record.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    chain: str
    transaction_hash: str
    transfer_index: int
    block_number: int
    occurred_at: AwareDatetime
    sender: str
    receiver: str
    asset: str
    amount: str
    decimals: int | None
    usd_value: Annotated[
        str | None, Field(description='At the time; null when it has no price.')
    ]
    unobserved: Annotated[
        str | None, Field(description='Part of it that was never seen to arrive.')
    ]
    state: Annotated[
        Literal['live', 'waiting', 'retracted'],
        Field(description='Whether it counts now.'),
    ]
    recorded_at: Annotated[AwareDatetime, Field(description='When it was stored.')]
    way: Annotated[
        Literal['in', 'out'] | None,
        Field(description='As seen from the wallet that was asked for.'),
    ]
    block_hash: Annotated[
        str | None,
        Field(description='Like all below null where the producer does not say.'),
    ]
    observed_at: Annotated[
        AwareDatetime | None, Field(description='When the producer saw it.')
    ]
    initiator: Annotated[
        str | None, Field(description='The address that signed the transaction.')
    ]
    kind: Annotated[
        Literal['native', 'internal', 'token', 'fee', 'reward'] | None,
        Field(description='What moved the asset.'),
    ]
    sender_tag: Annotated[
        str | None, Field(description='Memo or destination tag of the sender.')
    ]
    receiver_tag: Annotated[
        str | None, Field(description='Memo or destination tag of the receiver.')
    ]


class Residual(BaseModel):
    """
    Money of no category; residuals and exposures add up to all the wallet received or sent.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    asset: str
    direction: Literal['source', 'destination']
    kind: Literal['unobserved_origin', 'still_held', 'beyond_hop_limit']
    hop: Annotated[int | None, Field(description='Null for `beyond_hop_limit`.')]
    amount: str
    decimals: int | None
    share: float


class Run(BaseModel):
    """
    One scoring run.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    run_id: int
    policy_version: str
    policy_digest: str
    label_set_digest: str
    watermark: Annotated[
        int, Field(description="Last ingest batch in the run's snapshot.")
    ]
    engine: Literal['cypher', 'ledger', 'spark']
    engine_reason: Annotated[
        str | None,
        Field(
            description='Why this engine answered; null for runs before this was kept.'
        ),
    ] = None
    hop_limit: int
    as_of: Annotated[
        AwareDatetime, Field(description='The run used the labels valid at this time.')
    ]
    lists: Annotated[
        list[ListName],
        Field(
            description='The lists of labels at that time, by source.',
            validate_default=True,
        ),
    ] = []
    status: Literal['running', 'completed', 'failed', 'cancelled']
    published: bool
    application_version: str
    started_at: AwareDatetime
    completed_at: AwareDatetime | None
    progress: Annotated[
        float, Field(description='Part of the run that is done (0..1).')
    ]
    step: str
    transfers: int | None
    unpriced_transfers: int | None
    wallets: int | None
    labelled_wallets: int | None
    recorded_transfers: Annotated[
        int | None,
        Field(
            description='Transfers up to the watermark, also those that move nothing or are retracted.'
        ),
    ] = None
    record_digest: Annotated[
        str | None, Field(description='Of those transfers, in any order.')
    ] = None
    results_digest: Annotated[
        str | None, Field(description='SHA-256 of the rows the run stored.')
    ] = None
    prices_digest: Annotated[
        str | None,
        Field(
            description="Of the prices it used; null: each transfer's own value as it came."
        ),
    ] = None
    registry_digest: Annotated[
        str | None, Field(description='Of the registry of assets it used.')
    ] = None
    unused_values: Annotated[
        int | None,
        Field(
            description='Values of transfers and imported prices that it did not use: too far from the median of their day (`/v1/runs/{run_id}/unused-prices`).'
        ),
    ] = None
    imported_values: Annotated[
        int | None, Field(description='Transfers that it valued by an imported price.')
    ] = None
    cancel_requested: bool = False
    error: str | None = None
    pruned_at: Annotated[
        AwareDatetime | None, Field(description='When its results were deleted.')
    ] = None


class ScreenedTransfer(BaseModel):
    """
    A transfer that was screened, and where its money came from.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    chain: str
    transaction_hash: str
    transfer_index: int
    state: Annotated[
        str, Field(description='live, waiting or retracted, when it was looked at.')
    ]
    occurred_at: AwareDatetime
    sender: str
    receiver: str
    asset: str
    amount: str
    decimals: int | None
    usd_value: str | None
    sender_tag: Annotated[
        str | None, Field(description='Memo or destination tag of the sender.')
    ] = None
    receiver_tag: Annotated[
        str | None, Field(description='Memo or destination tag of the receiver.')
    ] = None
    to_wallet: Annotated[
        list[TransferSum],
        Field(description='From its sender to its receiver.', validate_default=True),
    ] = []
    to_customer: Annotated[
        list[TransferSum],
        Field(
            description='From its sender to all wallets of the same `customer_reference`.',
            validate_default=True,
        ),
    ] = []


class ScreeningRequest(BaseModel):
    """
    What is to be screened; each subject is answered by itself.
    """

    model_config = ConfigDict(
        extra='forbid',
        frozen=True,
    )
    subjects: Annotated[
        list[Annotated[WalletSubject | TransferSubject | WithdrawalSubject, Field(discriminator='type')]],
        Field(max_length=1000, min_length=1),
    ]
    computed_by: Annotated[
        Literal['auto', 'run', 'paths', 'ledger'],
        Field(
            description='`auto`: the published run, and paths of the graph where something came after it. `ledger` reads the whole record.'
        ),
    ] = 'auto'


class ScreeningSummary(BaseModel):
    """
    One line of the list of screenings.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    screening_id: int
    recorded_at: AwareDatetime
    cause: Literal['request', 'batch', 'transfer', 'labels', 'policy', 'run', 'schedule']
    subject: Literal['wallet', 'transfer', 'withdrawal']
    wallet: Annotated[
        WalletName | None,
        Field(description='Null where it is not known, or on several chains.'),
    ]
    status: Literal['complete', 'incomplete', 'never_seen', 'pending', 'refused']
    risk_level: Literal['low', 'unrated', 'medium', 'high', 'severe'] | None
    score: str | None
    flags: list[str] = []
    main_reason: str | None = None


class WalletScore(BaseModel):
    """
    A stored score with its reasons, as the run wrote it.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    wallet: WalletName
    score: Annotated[str | None, Field(description='0-100; null when it is unknown.')]
    risk_level: Literal['low', 'unrated', 'medium', 'high', 'severe'] | None
    status: Literal['complete', 'incomplete', 'unknown']
    incomplete_reasons: list[str] = []
    notes: list[str] = []
    band: Annotated[
        Literal['low', 'unrated', 'medium', 'high', 'severe'] | None,
        Field(description='Level by score alone, before rules.'),
    ] = None
    direction: Annotated[
        Literal['source', 'destination', 'ownership'] | None,
        Field(description='The direction that decided the score.'),
    ] = None
    rules: Annotated[
        list[str], Field(description='Rules of the policy that were applied.')
    ] = []
    flags: Annotated[
        list[str], Field(description='Facts and signs beside the level.')
    ] = []
    main_reason: Annotated[str | None, Field(description='What decided the level.')] = (
        None
    )
    reasons: Annotated[
        list[Reason],
        Field(
            description='Of every rule that fired, the deciding one first.',
            validate_default=True,
        ),
    ] = []
    usd_received: Annotated[
        str | None, Field(description='In known assets, at the time of the transfers.')
    ] = None
    usd_sent: str | None = None
    source_coverage: Annotated[
        float | None,
        Field(description='Share of what it received whose origin is known.'),
    ] = None
    destination_coverage: Annotated[
        float | None, Field(description='Share of what it sent whose end is known.')
    ] = None
    weighting: Annotated[
        Literal['usd', 'worst_asset'] | None,
        Field(description='`worst_asset` where no transfer of the wallet is priced.'),
    ] = None
    unpriced_transfers: int | None = None
    label: OwnLabel | None = None
    totals: Annotated[
        WalletTotals | None, Field(description='Null: no transfer names the wallet.')
    ] = None
    asset_names: Annotated[
        list[AssetName],
        Field(
            description='What the assets of this answer are called.',
            validate_default=True,
        ),
    ] = []
    run: RunName | None = None
    freshness: Annotated[
        Freshness | None, Field(description='Null before the first run.')
    ] = None
    amounts: Annotated[
        list[CategoryAmount],
        Field(
            description='By direction and category, of money with a value in known assets.',
            validate_default=True,
        ),
    ] = []
    exposures: Annotated[list[ExposureItem], Field(validate_default=True)] = []
    residuals: Annotated[list[Residual], Field(validate_default=True)] = []
    sent_beyond_received: Annotated[
        list[SentBeyondReceived], Field(validate_default=True)
    ] = []
    contributions: Annotated[
        list[Contribution],
        Field(description='They add up to the score.', validate_default=True),
    ] = []
    other_contributions: Annotated[
        list[Contribution], Field(validate_default=True)
    ] = []


class Deliveries(BaseModel):
    """
    Deliveries to one endpoint, newest first; `next` is the cursor of the next page.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    deliveries: list[Delivery]
    next: str | None = None


class MessageOutcome(BaseModel):
    """
    What became of one message of the transfers topic.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    topic: str
    partition: int
    offset: int
    status: Annotated[
        Literal['stored', 'duplicate', 'dead_letter', 'not_read', 'lost'],
        Field(
            description='`stored`: recorded; `duplicate`: an equal message had been recorded before; `dead_letter`: refused; `not_read`: the consumer has not come to it; `lost`: deleted unread.'
        ),
    ]
    detail: str
    transfer: Annotated[
        RecordedTransfer | None,
        Field(description='Of `stored` and `duplicate`, while Kafka has it.'),
    ]
    dead_letter: Annotated[
        RefusedMessage | None, Field(description='Of `dead_letter`.')
    ]


class ScreenedWallet(BaseModel):
    """
    One wallet of a screening: its score with all reasons, and the part of the answer that is not a run's.

    What went out of it is as the run saw it, or as the paths were then: what others send on later changes it.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    status: Literal['complete', 'incomplete', 'never_seen', 'pending', 'refused']
    computed_by: Literal['run', 'run_and_paths', 'paths', 'ledger', 'label']
    watermark: Annotated[
        int | None, Field(description='Last ingest batch that the score has seen.')
    ]
    wallet_score: WalletScore
    tag: Annotated[
        str | None,
        Field(
            description='The tag that was asked for. What the address holds is one pool, whatever the tag.'
        ),
    ] = None
    labels: Annotated[list[ScreenedLabel], Field(validate_default=True)] = []


class Screening(BaseModel):
    """
    One recorded screening.

    `risk_level`, `score`, `flags` and `reasons` are those of the riskiest wallet, or of the transfer or
    payment. A subject that cannot be screened is `refused`; a transfer that was not seen yet is `pending`.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    screening_id: int
    recorded_at: AwareDatetime
    answered_at: Annotated[
        AwareDatetime | None, Field(description='Null while it is pending.')
    ]
    cause: Literal['request', 'batch', 'transfer', 'labels', 'policy', 'run', 'schedule']
    reference_id: Annotated[
        str | None,
        Field(
            description="Random name of the caller's references, which can be erased."
        ),
    ] = None
    subject: Literal['wallet', 'transfer', 'withdrawal']
    asked: Annotated[
        dict[str, Any],
        Field(
            description="The subject as it was asked for, without the caller's references."
        ),
    ]
    status: Literal['complete', 'incomplete', 'never_seen', 'pending', 'refused']
    refused_reason: Annotated[str | None, Field(description='A code.')] = None
    detail: Annotated[
        str | None, Field(description='Why it is refused, pending or incomplete.')
    ] = None
    risk_level: Literal['low', 'unrated', 'medium', 'high', 'severe'] | None
    score: str | None
    flags: list[str] = []
    main_reason: str | None = None
    reasons: Annotated[list[Reason], Field(validate_default=True)] = []
    amounts: Annotated[
        list[CategoryAmount],
        Field(
            description='By category, direct and through others, by listing period.',
            validate_default=True,
        ),
    ] = []
    source_coverage: float | None = None
    notes: list[str] = []
    wallets: Annotated[
        list[ScreenedWallet],
        Field(description='The riskiest first.', validate_default=True),
    ] = []
    transfer: ScreenedTransfer | None = None
    retracted_at: Annotated[
        AwareDatetime | None,
        Field(
            description='When it was seen that the transfer was retracted after the answer.'
        ),
    ] = None
    computed_from: ComputedFrom | None = None


class ScreeningList(BaseModel):
    """
    Screenings, newest first; `next` is the cursor of the next page.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    screenings: list[ScreeningSummary]
    next: str | None = None
    total: Annotated[
        int | None,
        Field(
            description='All entries, where the request asked for them (`total=true`); else null.'
        ),
    ] = None


class Screenings(BaseModel):
    """
    Screenings of one request, in its order.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    screenings: list[Screening]
