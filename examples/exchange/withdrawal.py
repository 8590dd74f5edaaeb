"""A customer wants to withdraw: screen the payment before it is signed.

AML_URL=http://127.0.0.1:8000 AML_API_TOKEN=… python examples/exchange/withdrawal.py 0x… ETH 1.5 2790.15
"""

import sys

from aml_client import AmlClient, Screening


def decision(screening: Screening) -> str:
    """Says `send`, `review` or `refuse`."""
    if screening.status == "refused":  # a typing error, a wrong chain, an unknown token
        return "refuse"
    if screening.risk_level in {"high", "severe"}:
        return "refuse"
    if screening.status == "incomplete" or screening.risk_level in {"medium", "unrated"}:
        return "review"
    return "send"  # low, or an address nobody knows anything of


def main(destination: str, asset: str, units: str, usd_value: str) -> str:
    """Asks about the payment. The key makes a second attempt of this program answer as the first one."""
    with AmlClient() as aml:
        screening = aml.screen_withdrawal(
            destination,
            asset,
            units=units,
            usd_value=usd_value,
            chain="ethereum",
            customer_reference="customer 12",
            idempotency_key=f"withdrawal {destination} {asset} {units}",
        )
    print(f"Screening {screening.screening_id}: {screening.status}, {screening.risk_level}")
    print(screening.detail or screening.main_reason)
    for reason in screening.reasons:
        print(f"  {reason.outcome}: {reason.sentence}")
    return decision(screening)


if __name__ == "__main__":
    print(main(*sys.argv[1:5]))
