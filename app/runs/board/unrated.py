"""How much of a run is unrated and why, as an answer."""

from typing import Any

from sqlalchemy import Connection, Row, text

from app.answers.unrated import LabelNext, UnratedReason, UnratedWallets
from app.labels.names import named, names_of


def unrated_answer(connection: Connection, run: Row[Any]) -> UnratedWallets | None:
    """What a run says of its unrated wallets; None for a run of before migration 0024."""
    if run.unrated is None:
        return None
    stored = run.unrated
    listed = stored["label_next"]
    rows = connection.execute(_WALLETS, {"wallet_ids": [each["wallet_id"] for each in listed]}).all()
    known = names_of(connection, [(row.chain, row.address) for row in rows])
    names = {row.wallet_id: named(known, row.chain, row.address) for row in rows}
    total = stored["usd"]
    reasons = [
        UnratedReason(
            kind=kind,
            wallets=figures["wallets"],
            usd=f"{figures['usd']:.2f}",
            share=figures["usd"] / total if total else 0.0,
        )
        for kind, figures in stored["reasons"].items()
    ]
    return UnratedWallets(
        run_id=run.run_id,
        wallets=sum(each.wallets for each in reasons),
        scored_wallets=stored["wallets"],
        share=min(sum(each.share for each in reasons), 1.0),
        reasons=reasons,
        label_next=[
            LabelNext(wallet=names[each["wallet_id"]], wallets=each["wallets"], usd=f"{each['usd']:.2f}")
            for each in listed
            if each["wallet_id"] in names
        ],
    )


_WALLETS = text("SELECT wallet_id, chain, address FROM wallets WHERE wallet_id = ANY(:wallet_ids)")
