"""Computes a recorded screening again, from what it names, and says what differs."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from app.answers.screenings import ScreenedWallet, Screening, ScreeningDifference, ScreeningVerification
from app.chains.wallet_reference import Candidate
from app.runs.queries import run_row
from app.runs.result_lines import ARITHMETIC
from app.screening.base import Base, base_of_run
from app.screening.by_ledger import scores_of_the_past
from app.screening.known import read_known
from app.screening.tagged import with_tag
from app.screening.wallets import Changes, answer
from app.stores.postgres import Postgres

_NOT_AGAIN = "Only the wallets of a screening are computed again; of this one there is none."
_WITHOUT_RUN = "No scoring run was published then: it was answered from the wallet's own label."
_POINTS = 1e-6


def verify(postgres: Postgres, screening: Screening) -> ScreeningVerification:
    """Compares level, score, flags, reasons and points of each wallet with what the record gives for them.

    Raises:
        NotFound: the scoring run that it names is not there.
    """
    differences: list[ScreeningDifference] = []
    notes: list[str] = []
    base_of = screening.computed_from
    if not screening.wallets or base_of is None:
        notes.append(_NOT_AGAIN)
    elif base_of.run is None:
        notes.append(_WITHOUT_RUN)
    else:
        with postgres.transaction(snapshot=True) as connection:
            run = run_row(connection, base_of.run.run_id)
            base = base_of_run(connection, run)
            for wallet in screening.wallets:
                differences += _of_wallet(connection, base, screening, wallet)
    return ScreeningVerification(
        screening_id=screening.screening_id, equal=not differences, differences=differences, notes=notes
    )


def _of_wallet(
    connection: Connection, base: Base, screening: Screening, wallet: ScreenedWallet
) -> Iterator[ScreeningDifference]:
    assert base.run is not None  # noqa: S101 - the caller read it
    assert screening.computed_from is not None  # noqa: S101 - likewise
    moment = screening.computed_from.labels_as_of
    name = wallet.wallet_score.wallet
    ((known,),) = read_known(connection, [[Candidate(name.chain, name.address)]], None, base.policy)
    is_of_run = wallet.computed_by == "run"
    label = known.of_run(base.policy, base.run) if is_of_run else known.effective(base.policy, moment)
    computed = None
    if wallet.computed_by != "label":
        assert wallet.watermark is not None  # noqa: S101 - what is computed has one
        wallet_id = known.wallet.wallet_id
        is_ledger = wallet.computed_by == "ledger"
        found = scores_of_the_past(
            connection,
            base,
            [wallet_id],
            watermark=wallet.watermark,
            as_of=moment if is_ledger else base.run.as_of,
            arithmetic=ARITHMETIC if is_ledger else base.run.arithmetic,
            own={} if is_ledger else {wallet_id: label},
        )
        computed = found.get(wallet_id)
    again = answer(
        connection,
        base,
        known,
        label=label,
        changes=Changes(0, 0),
        computed=computed,
        failure=None,
        policy_changed=False,
        now=moment,
    )
    again = with_tag(base, known, again, wallet.tag, moment)
    prefix = f"{name}: "
    mine, theirs = _compared(wallet), _compared(again)
    for field in mine:
        if mine[field] != theirs[field] and not _near(mine[field], theirs[field]):
            yield ScreeningDifference(
                field=prefix + field, recorded=str(mine[field]), computed=str(theirs[field])
            )


def _compared(wallet: ScreenedWallet) -> dict[str, Any]:
    score = wallet.wallet_score
    return {
        "risk_level": score.risk_level,
        "score": score.score,
        "flags": sorted(score.flags),
        "rules": sorted(score.rules),
        "reasons": [one.rule for one in score.reasons],
    }


def _near(recorded: Any, computed: Any) -> bool:  # noqa: ANN401 - a value of `_compared`
    try:
        return abs(float(recorded) - float(computed)) <= _POINTS * 1.5
    except (TypeError, ValueError):
        return False
