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
Engine = TypeAliasType("Engine", Literal["cypher", "ledger"])
EngineRequest = TypeAliasType("EngineRequest", Literal["auto", "cypher", "ledger"])
RunStatus = TypeAliasType("RunStatus", Literal["running", "completed", "failed", "cancelled"])
OperationState = TypeAliasType("OperationState", Literal["running", "completed", "failed"])
OperationKind = TypeAliasType(
    "OperationKind", Literal["reload-graph", "run-score", "reconcile", "verify", "diff"]
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
ChainFamily = TypeAliasType("ChainFamily", Literal["evm", "other"])
QuestionParameterKind = TypeAliasType(
    "QuestionParameterKind", Literal["text", "words", "integer", "number", "switch", "time"]
)
"""What a parameter of a question is; `words` is text that is searched for."""
