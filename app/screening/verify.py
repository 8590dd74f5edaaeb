"""Computes a recorded screening again, from what it names, and says what differs."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from app.answers.screenings import ScreenedWallet, Screening, ScreeningDifference, ScreeningVerification
from app.chains.wallet_reference import Candidate
from app.runs.queries import run_row
from app.runs.result_lines import ARITHMETIC
from app.screening import store
from app.screening.by_ledger import PastTransfers, scores_of_the_past, scores_since_past_run
from app.screening.computing.base import Base, Moment, base_of_run
from app.screening.deposits import judged_again
from app.screening.known import read_known
from app.screening.store import References
from app.screening.tagged import with_tag
from app.screening.wallets import Changes, answer
from app.stores.postgres import Postgres

_NOT_AGAIN = "Only what was computed is computed again; of this one nothing was."
_WITHOUT_RUN = "No scoring run was published then: it was answered from the wallet's own label."
_ERASED = (
    "The references were erased: what the sender paid to the customer's other wallets is not computed again."
)
_PAYMENT = "Of a payment the destination is computed again, and not the rules that the payment itself fires."
_POINTS = 1e-6


def verify(postgres: Postgres, screening: Screening) -> ScreeningVerification:
    """Compares level, score, flags, reasons and points with what the record gives for them.

    Raises:
        NotFound: the scoring run that it names is not there.
    """
    differences: list[ScreeningDifference] = []
    notes: list[str] = []
    source = screening.computed_from
    is_deposit = screening.transfer is not None and screening.score is not None
    if source is None or not (screening.wallets or is_deposit):
        notes.append(_NOT_AGAIN)
    elif source.run is None:
        notes.append(_WITHOUT_RUN)
    else:
        with postgres.transaction(snapshot=True) as connection:
            base = base_of_run(connection, run_row(connection, source.run.run_id))
            for wallet in screening.wallets:
                differences += _of_wallet(connection, base, screening, wallet)
            if is_deposit:
                references = store.references_of(connection, screening.reference_id)
                if screening.transfer is not None and screening.transfer.to_customer and not references:
                    notes.append(_ERASED)
                differences += _of_deposit(connection, base, screening, references)
        if screening.subject == "withdrawal":
            notes.append(_PAYMENT)
    return ScreeningVerification(
        screening_id=screening.screening_id, equal=not differences, differences=differences, notes=notes
    )


def _of_deposit(
    connection: Connection, base: Base, screening: Screening, references: References
) -> Iterator[ScreeningDifference]:
    source = screening.computed_from
    assert source is not None  # noqa: S101 - the caller looked
    assert source.watermark is not None  # noqa: S101 - a deposit is judged as of a batch
    moment = Moment(base, screening.recorded_at, source, policy_changed=False)
    past = PastTransfers(connection, base, source.watermark)
    again = judged_again(connection, moment, screening, references, past.sources)
    for field in ("risk_level", "score", "flags", "main_reason"):
        mine, theirs = getattr(screening, field), getattr(again, field)
        if mine != theirs and not _near(mine, theirs):
            yield ScreeningDifference(field=field, recorded=str(mine), computed=str(theirs))


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
    wallet_id = known.wallet.wallet_id
    computed = None
    if wallet.computed_by != "label":
        assert wallet.watermark is not None  # noqa: S101 - what is computed has one
        is_ledger = wallet.computed_by == "ledger"
        own = {} if is_ledger else {wallet_id: label}
        if wallet.computed_by == "run_and_paths":
            found = scores_since_past_run(connection, base, wallet_id, watermark=wallet.watermark, own=own)
        else:
            found = scores_of_the_past(
                connection,
                base,
                [wallet_id],
                watermark=wallet.watermark,
                as_of=moment if is_ledger else base.run.as_of,
                arithmetic=ARITHMETIC if is_ledger else base.run.arithmetic,
                own=own,
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


def _compared(wallet: ScreenedWallet) -> Mapping[str, Any]:
    score = wallet.wallet_score
    return {
        "risk_level": score.risk_level,
        "score": score.score,
        "flags": sorted(score.flags),
        "rules": sorted(score.rules),
        "reasons": [one.rule for one in score.reasons],
    }


def _near(recorded: Any, computed: Any) -> bool:  # noqa: ANN401 - a value that is compared
    try:
        return abs(float(recorded) - float(computed)) <= _POINTS * 1.5
    except (TypeError, ValueError):
        return False
