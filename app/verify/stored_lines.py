"""What a run stored, as the lines it wrote: equal rows give equal lines, byte for byte."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from app.runs.results.lines import NULL, array_text

_STREAMED = {"yield_per": 5_000}


def stored_exposure_lines(connection: Connection, run_id: int) -> Iterator[str]:
    """The stored exposures of a run as `app.runs.result_lines.exposure_lines` writes them."""
    for row in connection.execute(_EXPOSURES, {"run_id": run_id}, execution_options=_STREAMED):
        *exact, usd_value, transfers, unpriced, cells, shares = row
        texts = (*map(str, exact), repr(usd_value), str(transfers), str(unpriced))
        yield "\t".join((*texts, array_text(map(str, cells)), array_text(map(repr, shares)))) + "\n"


def stored_score_lines(connection: Connection, run_id: int) -> Iterator[str]:
    """The stored scores of a run as `app.runs.result_lines.score_lines` writes them."""
    for row in connection.execute(_SCORES, {"run_id": run_id}, execution_options=_STREAMED):
        (
            *values,
            rules,
            flags,
            weighting,
            unpriced,
            received,
            sent,
            origin,
            end,
            transfer,
            cells,
            shares,
            points,
        ) = row
        texts = (
            *(NULL if value is None else str(value) for value in values),
            array_text(rules),
            array_text(flags),
            weighting,
            str(unpriced),
            *(NULL if value is None else repr(value) for value in (received, sent, origin, end, transfer)),
            array_text(map(str, cells)),
            array_text(map(repr, shares)),
            array_text(map(str, points)),
        )
        yield "\t".join(texts) + "\n"


_EXPOSURES = text("""
    SELECT direction, wallet_id, asset_id, total::text, unobserved::text, usd_value, transfers,
        unpriced_transfers, cells, shares
    FROM exposures WHERE is_of_run(run_id, until_run_id, :run_id) ORDER BY direction, wallet_id, asset_id
""")
_SCORES = text("""
    SELECT wallet_id, score, ownership_score, source_score, destination_score, direction, risk_level, band,
        main_category, rules, flags, weighting, unpriced_transfers, usd_received, usd_sent, source_coverage,
        destination_coverage, reason_transfer_id, cells, shares, points
    FROM risk_scores WHERE is_of_run(run_id, until_run_id, :run_id) ORDER BY wallet_id
""")
