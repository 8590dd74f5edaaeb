"""Verifying a run: is the record as the run saw it, and does it give again what the run stored?"""

from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, text

from app.answers.base import WalletName
from app.answers.comparisons import ResultDifference, Verification
from app.domain import Progress
from app.errors import InvalidPolicy
from app.labels.columns import label_columns
from app.labels.effective import EffectiveLabel
from app.policy.policy import Policy
from app.record.price_changes import prices_changed_since
from app.runs.digests import transfers_digest
from app.runs.queries import completed_or_pruned_run
from app.runs.result_lines import exposure_lines, score_lines
from app.runs.results.accounts import Accounts
from app.runs.results.lines import EXPOSURE_COLUMNS, SCORE_COLUMNS, texts
from app.runs.results.storing import Hash
from app.runs.snapshot import Snapshot
from app.runs.stored_policy import policy_of
from app.stores.postgres import Postgres
from app.verify import earlier
from app.verify.annotation import AnnotationCheck
from app.verify.compare import Fields, Mismatch, Table, described, first_mismatch, shown
from app.verify.reaccount import reaccount
from app.verify.replay import Replayed, past_snapshot, replay
from app.verify.stored_lines import stored_exposure_lines, stored_score_lines
from app.verify.tolerance import near_exposures, near_scores, tolerance_of, with_stored_shares

_EXPOSURES = Table("exposures", EXPOSURE_COLUMNS, keys=3)
_SCORES = Table("scores", SCORE_COLUMNS, keys=1)
_NO_DIGESTS = "The run was made before digests were kept: only its results were compared."
_DIGEST_ONLY = (
    "The results of run {run.run_id} were pruned at {run.pruned_at:%Y-%m-%d %H:%M} UTC. What the record "
    "gives was compared with their digest."
)
_INPUTS_ONLY = (
    "The results of run {run.run_id} were pruned at {run.pruned_at:%Y-%m-%d %H:%M} UTC, and their last "
    "digits cannot be computed again: only its inputs and counts were compared."
)
_OTHER_PRICES = (
    "Prices or the registry of assets were changed after the run: the next one uses others. This one was "
    "computed again with those of its time."
)
_EARLIER = (
    "An earlier version made the run, under a policy of the first version, which is not read any more. It "
    "was not computed again: its transfers and the rows it stored were compared with their digests."
)


def verify_run(postgres: Postgres, run_id: int, progress: Progress) -> Verification:
    """Computes a completed run again from the transfers, the labels and the policy it used, and compares.

    Raises:
        NotFound: there is no run of that id.
        NotReady: the run has no results.
    """
    with postgres.transaction(snapshot=True) as connection:
        run = completed_or_pruned_run(connection, run_id)
        verification = _verified(connection, run, progress)
        if not prices_changed_since(connection, run.as_of):
            return verification
        return verification.model_copy(update={"notes": [*verification.notes, _OTHER_PRICES]})


def _verified(connection: Connection, run: Row[Any], progress: Progress) -> Verification:
    progress("checking policy, labels, prices and transfers", 0.0)
    differences = [*_policy_changes(run)]
    if run.arithmetic <= earlier.ARITHMETIC:
        return _verification(run, [*differences, *_earlier_changes(connection, run)])
    try:
        policy = policy_of(run)
    except InvalidPolicy:
        return _verification(run, differences)
    snapshot = past_snapshot(connection, run, run.watermark, policy)
    differences += _row_changes(run, policy, snapshot.labels)
    differences += _input_changes(snapshot, run)
    progress("accounting every pool again", 0.1)
    annotation = AnnotationCheck(run.watermark)
    accounts = reaccount(connection, run.watermark, annotation, snapshot.prices)
    progress("tracing and scoring", 0.6)
    again = replay(snapshot, policy, accounts, lambda _step, _part: None)
    progress("comparing", 0.8)
    if run.pruned_at is not None:
        differences += _digest_changes(run, policy, accounts, again)
        return _verification(run, differences, annotation, len(accounts.flows.amount))
    of_results, compared = _result_changes(snapshot, run, policy, accounts, again)
    return _verification(run, differences + of_results, annotation, len(accounts.flows.amount), compared)


def _verification(
    run: Row[Any],
    differences: list[ResultDifference],
    annotation: AnnotationCheck | None = None,
    transfers: int = 0,
    compared: tuple[int, int] = (0, 0),
) -> Verification:
    """`compared` counts the stored rows of exposures and scores."""
    has_other_facts = any(each.what == "transfers" for each in differences)
    if annotation is not None and annotation.first is not None and not has_other_facts:
        differences = [*differences, annotation.first]  # else it follows from the changed transfers
    return Verification(
        run_id=run.run_id,
        equal=not differences,
        engine=run.engine,
        differences=differences,
        notes=list(_notes(run)),
        transfers=transfers,
        annotations=0 if annotation is None else annotation.compared,
        exposures=compared[0],
        scores=compared[1],
    )


def _notes(run: Row[Any]) -> Iterator[str]:
    if not run.record_digest:
        yield _NO_DIGESTS
    if run.arithmetic <= earlier.ARITHMETIC:
        yield _EARLIER
    if run.pruned_at is not None:
        yield (_DIGEST_ONLY if _is_exact(run) else _INPUTS_ONLY).format(run=run)


def _policy_changes(run: Row[Any]) -> Iterator[ResultDifference]:
    digest = sha256(run.policy_body.encode()).hexdigest()
    if digest != run.policy_digest:
        detail = (
            f"The stored policy {run.policy_version} was changed after the run: its SHA-256 is another one."
        )
        yield _of_record("policy", run.policy_digest, digest, detail)


def _row_changes(run: Row[Any], policy: Policy, labels: list[EffectiveLabel]) -> Iterator[ResultDifference]:
    """What the run's row repeats of its policy: without it no cell has a name."""
    again = {
        "policy_version": policy.version,
        "hop_limit": policy.hop_limit,
        "columns": list(label_columns(labels, policy).layout.columns),
    }
    for name, value in again.items():
        stored = getattr(run, name)
        if stored != value:
            what = name.replace("_", " ")
            detail = f"The run's {what} is stored as {stored}, the policy gives {value}."
            yield _of_record(what, str(stored), str(value), detail)


def _input_changes(snapshot: Snapshot, run: Row[Any]) -> Iterator[ResultDifference]:
    if snapshot.label_set_digest != run.label_set_digest:
        detail = f"The labels of {run.as_of:%Y-%m-%d %H:%M:%S} UTC in the record are not those the run used."
        yield _of_record("labels", run.label_set_digest, snapshot.label_set_digest, detail)
    if snapshot.prices is not None and snapshot.prices.digest != run.prices_digest:
        detail = f"The prices of {run.as_of:%Y-%m-%d %H:%M:%S} UTC in the record are not those the run used."
        yield _of_record("prices", run.prices_digest, snapshot.prices.digest, detail)
    if run.registry_digest is not None and snapshot.registry.digest != run.registry_digest:
        detail = f"The registry of assets of {run.as_of:%Y-%m-%d %H:%M:%S} UTC is not the one the run used."
        yield _of_record("registry", run.registry_digest, str(snapshot.registry.digest), detail)
    yield from _transfer_changes(snapshot.connection, run)


def _transfer_changes(connection: Connection, run: Row[Any]) -> Iterator[ResultDifference]:
    if run.record_digest is None:
        return
    count, digest = transfers_digest(connection, run.watermark)
    if (count, digest) != (run.recorded_transfers, run.record_digest):
        detail = (
            f"The record holds {count} transfers up to batch {run.watermark}, the run saw "
            f"{run.recorded_transfers}."
            if count != run.recorded_transfers
            else f"Of the {count} transfers up to batch {run.watermark}, some are not as the run saw them."
        )
        yield _of_record("transfers", run.record_digest, digest, detail)


def _earlier_changes(connection: Connection, run: Row[Any]) -> Iterator[ResultDifference]:
    """Of a run of earlier arithmetic: whether its transfers and its rows are still what it saw and stored."""
    yield from _transfer_changes(connection, run)
    if run.results_digest is None or run.pruned_at is not None:
        return
    digest = sha256()
    for table, lines in (
        (_EXPOSURES, stored_exposure_lines(connection, run.run_id)),
        (_SCORES, stored_score_lines(connection, run.run_id)),
    ):
        for line in lines:
            digest.update(earlier.digested_line(table, line, run.arithmetic).encode())
    if digest.hexdigest() != run.results_digest:
        detail = "A stored exposure or score was changed, added or removed after the run."
        yield _of_record("results", run.results_digest, digest.hexdigest(), detail)


def _result_changes(
    snapshot: Snapshot, run: Row[Any], policy: Policy, accounts: Accounts, again: Replayed
) -> tuple[list[ResultDifference], tuple[int, int]]:
    connection, run_id = snapshot.connection, run.run_id
    digest = sha256()
    tolerance = tolerance_of(run.engine)
    in_exposures, exposures = first_mismatch(
        _EXPOSURES,
        _digested(stored_exposure_lines(connection, run_id), digest),
        texts(exposure_lines(again.exposures, accounts.totals)),
        partial(near_exposures, tolerance) if tolerance else _never,
    )
    if tolerance and in_exposures is None:
        shares = with_stored_shares(again.exposures, stored_exposure_lines(connection, run_id))
        again = replay(snapshot, policy, accounts, lambda _step, _part: None, shares)
    in_scores, scores = first_mismatch(
        _SCORES,
        _digested(stored_score_lines(connection, run_id), digest),
        texts(score_lines(policy, again.judged)),
        partial(near_scores, tolerance, policy, run.columns) if tolerance else _never,
    )
    differences = [_of_row(connection, run, first) for first in (in_exposures, in_scores) if first]
    differences += _count_changes(run, accounts, len(again.scores.wallet_id), again.labelled_wallets)
    if run.results_digest not in {None, digest.hexdigest()}:
        detail = "A stored exposure or score was changed, added or removed after the run."
        differences.append(_of_record("results", run.results_digest, digest.hexdigest(), detail))
    return differences, (exposures, scores)


def _is_exact(run: Row[Any]) -> bool:
    """Whether the run's results can be computed again to the last bit, and so their digest."""
    return run.results_digest is not None and tolerance_of(run.engine) is None


def _digest_changes(
    run: Row[Any], policy: Policy, accounts: Accounts, again: Replayed
) -> Iterator[ResultDifference]:
    """Of a run without results: whether the record gives results of the digest that the run kept."""
    totals, scored = accounts.totals, again.scores
    yield from _count_changes(run, accounts, len(scored.wallet_id), again.labelled_wallets)
    if not _is_exact(run):
        return
    digest = sha256()
    for lines in (
        exposure_lines(again.exposures, totals),
        score_lines(policy, again.judged),
    ):
        for block in lines:
            digest.update(block.data.data)
    if digest.hexdigest() != run.results_digest:
        detail = "The record gives other exposures or scores than the run stored before they were pruned."
        yield _of_record("results", run.results_digest, digest.hexdigest(), detail)


def _digested(lines: Iterator[str], digest: Hash) -> Iterator[str]:
    """The lines; each goes into the digest."""
    for line in lines:
        digest.update(line.encode())
        yield line


def _never(_stored: Fields, _recomputed: Fields) -> bool:
    """Between runs of one engine and one arithmetic every difference counts."""
    return False


def _count_changes(
    run: Row[Any], accounts: Accounts, wallets: int, labelled: int
) -> Iterator[ResultDifference]:
    totals, values = accounts.totals, accounts.values
    again = {
        "transfers": totals.transfers,
        "unpriced_transfers": totals.unpriced_transfers,
        "wallets": wallets,
        "labelled_wallets": labelled,
    }
    if values is not None:
        again |= {"unused_values": len(values.unused_prices), "imported_values": len(values.filled_id)}
    for name, count in again.items():
        stored = getattr(run, name)
        if stored != count:
            what = f"count of {name.replace('_', ' ')}"
            detail = f"The run's {what} is stored as {stored}, recomputed {count}."
            yield _of_record(what, str(stored), str(count), detail)
            return


def _of_record(what: str, stored: str, recomputed: str, detail: str) -> ResultDifference:
    return ResultDifference(what=what, wallet=None, as_stored=stored, as_recomputed=recomputed, detail=detail)


def _of_row(connection: Connection, run: Row[Any], first: Mismatch) -> ResultDifference:
    chain, address, asset = connection.execute(
        _NAMES, {"wallet_id": first.row["wallet_id"], "asset_id": first.row.get("asset_id")}
    ).one()
    what = described(first, run.columns, asset)
    stored, recomputed = shown(first.column, first.stored), shown(first.column, first.recomputed)
    return ResultDifference(
        what=what,
        wallet=WalletName(chain=chain, address=address),
        as_stored=stored,
        as_recomputed=recomputed,
        detail=f"{chain}:{address}: {what} is stored as {stored}, recomputed {recomputed}.",
    )


_NAMES = text("""
    SELECT coalesce(w.chain, '?'), coalesce(w.address, 'wallet ' || difference.wallet_id), a.asset
    FROM (SELECT CAST(:wallet_id AS bigint) AS wallet_id, CAST(:asset_id AS int) AS asset_id) AS difference
    LEFT JOIN wallets w USING (wallet_id) LEFT JOIN assets a USING (asset_id)
""")
