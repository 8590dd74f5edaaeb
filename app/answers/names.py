"""Texts that are one of a few, each under the one name that the OpenAPI document and its clients have."""

from typing import Literal

from typing_extensions import TypeAliasType

ParameterPlace = TypeAliasType("ParameterPlace", Literal["path", "query", "header", "body"])
RiskLevel = TypeAliasType("RiskLevel", Literal["low", "unrated", "medium", "high", "severe"])
"""As `app.policy.conditions.Level`, which stands above; a test holds the two together."""
Flow = TypeAliasType("Flow", Literal["source", "destination"])
"""Money that came from somewhere, or reached something."""
ScoreStatus = TypeAliasType("ScoreStatus", Literal["complete", "incomplete", "unknown"])
Weighting = TypeAliasType("Weighting", Literal["usd", "worst_asset"])
ResidualKind = TypeAliasType("ResidualKind", Literal["unobserved_origin", "still_held", "beyond_hop_limit"])
UnratedKind = TypeAliasType("UnratedKind", Literal["beyond_hop_limit", "unobserved_origin", "never_labelled"])
"""Why wallets are unrated."""
Engine = TypeAliasType("Engine", Literal["cypher", "ledger", "spark"])
EngineRequest = TypeAliasType("EngineRequest", Literal["auto", "cypher", "ledger", "spark"])
RunStatus = TypeAliasType("RunStatus", Literal["running", "completed", "failed", "cancelled"])
OperationState = TypeAliasType("OperationState", Literal["running", "completed", "failed"])
OperationKind = TypeAliasType(
    "OperationKind", Literal["reload-graph", "run-score", "reconcile", "verify", "diff", "undo-import"]
)
TransferWay = TypeAliasType("TransferWay", Literal["in", "out"])
"""As seen from one wallet: `in` is money that it received."""
HoleReason = TypeAliasType("HoleReason", Literal["retention", "topic_made_anew", "kafka_behind"])
TransferState = TypeAliasType("TransferState", Literal["live", "waiting", "retracted"])
"""`waiting`: its transaction lives in another block now."""
MessageStatus = TypeAliasType(
    "MessageStatus", Literal["stored", "duplicate", "dead_letter", "not_read", "lost"]
)
PublishStatus = TypeAliasType("PublishStatus", Literal["published", "refused"])
ScreeningSubject = TypeAliasType("ScreeningSubject", Literal["wallet", "transfer", "withdrawal"])
ScreeningStatus = TypeAliasType(
    "ScreeningStatus", Literal["complete", "incomplete", "never_seen", "pending", "refused"]
)
"""`never_seen`: no transfer of it is recorded; its level is that of its labels. `pending`: of a transfer."""
ScreeningOrigin = TypeAliasType(
    "ScreeningOrigin", Literal["run", "run_and_paths", "paths", "ledger", "label"]
)
ScreeningRequestFrom = TypeAliasType("ScreeningRequestFrom", Literal["auto", "run", "paths", "ledger"])
ScreeningCause = TypeAliasType(
    "ScreeningCause", Literal["request", "batch", "transfer", "labels", "policy", "run", "schedule"]
)
"""`transfer` and all behind it: why a watched wallet was screened again."""
AlertStatus = TypeAliasType("AlertStatus", Literal["open", "in_review", "closed"])
AlertOutcome = TypeAliasType("AlertOutcome", Literal["confirmed", "false_positive", "no_action"])
DeliveryStatus = TypeAliasType("DeliveryStatus", Literal["pending", "delivered", "failed"])
ChainFamily = TypeAliasType("ChainFamily", Literal["evm", "other"])
RefusalReason = TypeAliasType(
    "RefusalReason",
    Literal[
        "foreign_tombstone",
        "foreign_avro",
        "foreign_debezium",
        "foreign_ethereum_etl",
        "foreign_json",
        "foreign_text",
        "empty",
        "too_large",
        "not_json",
        "not_object",
        "wrong_version",
        "unknown_type",
        "missing_field",
        "unknown_field",
        "duplicate_field",
        "wrong_type",
        "unknown_chain",
        "bad_hash",
        "bad_place",
        "bad_time",
        "bad_address",
        "bad_checksum",
        "bad_asset",
        "bad_amount",
        "bad_decimals",
        "bad_usd_value",
        "bad_kind",
        "bad_tag",
        "wrong_key",
        "not_storable",
        "conflict",
    ],
)
"""Why an event, an address or a hash is refused; a test holds them to `ingest.contract.reasons`."""
SpellingReason = TypeAliasType("SpellingReason", Literal["look_alike", "other_chain"])
"""Why a text that a person wrote is no address, beside the reasons of events."""
LabelComparison = TypeAliasType("LabelComparison", Literal["compared", "unconfirmed"])
QuestionParameterKind = TypeAliasType(
    "QuestionParameterKind", Literal["text", "words", "integer", "number", "switch", "time"]
)
"""What a parameter of a question is; `words` is text that is searched for."""
