"""A client of the AML risk platform: may I take this deposit, may I send there, what has changed?

Begin with `AmlClient(url, token).screen_wallet("bc1q…").risk_level`.
"""

from aml_client.client import AmlClient
from aml_client.errors import AmlError, ApiProblem, Busy, NotAnswered, NotFound, NotReachable, Unauthorized
from aml_client.models import (
    Alert,
    AlertDetail,
    Problem,
    Screening,
    TransferSubject,
    WalletScore,
    WalletSubject,
    WatchedWallet,
    WatchRequest,
    WithdrawalSubject,
)

__all__ = [
    "Alert",
    "AlertDetail",
    "AmlClient",
    "AmlError",
    "ApiProblem",
    "Busy",
    "NotAnswered",
    "NotFound",
    "NotReachable",
    "Problem",
    "Screening",
    "TransferSubject",
    "Unauthorized",
    "WalletScore",
    "WalletSubject",
    "WatchRequest",
    "WatchedWallet",
    "WithdrawalSubject",
]
