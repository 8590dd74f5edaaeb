"""The query parameters that say which scores are listed, and in which order."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Query

from app.answers.cursors import MAX_BIGINT
from app.answers.names import RiskLevel
from app.api.params import PLAIN_TEXT, Since, Until
from app.chains.wallet_reference import MAX_REFERENCE_LENGTH
from app.domain import Direction
from app.runs.board.filters import Order, ScoreFilter, Sort

RunChoice = Annotated[int | None, Query(ge=1, le=MAX_BIGINT, description="Null: the published run.")]
CrimeUsd = Annotated[
    Decimal | None,
    Query(ge=0, max_digits=15, decimal_places=2, description="Only with so much money from and to crime."),
]


@dataclass(frozen=True)
class ScoreQuery:
    """What is listed: of which run, which wallets, in which order."""

    run_id: int | None
    only: ScoreFilter
    sort: Sort
    order: Order


async def _score_query(
    *,
    run_id: RunChoice = None,
    risk_level: Annotated[RiskLevel | None, Query(description="Only wallets of this risk level.")] = None,
    category: Annotated[
        str | None,
        Query(
            max_length=40,
            pattern=PLAIN_TEXT,
            description="Only wallets whose label, money or fired rule has this category.",
        ),
    ] = None,
    main_category: Annotated[
        str | None,
        Query(max_length=40, pattern=PLAIN_TEXT, description="Only wallets with this main category."),
    ] = None,
    direction: Annotated[
        Direction | None, Query(description="Only wallets whose score this direction decided.")
    ] = None,
    flag: Annotated[
        str | None,
        Query(max_length=40, pattern=PLAIN_TEXT, description="Only wallets with this flag, at any amount."),
    ] = None,
    chain: Annotated[
        str | None, Query(max_length=40, pattern=PLAIN_TEXT, description="Only wallets on this chain.")
    ] = None,
    asset: Annotated[
        str | None,
        Query(
            max_length=MAX_REFERENCE_LENGTH,
            pattern=PLAIN_TEXT,
            description="Only wallets that received or sent this asset: a coin's symbol, or a contract.",
        ),
    ] = None,
    crime_usd_at_least: CrimeUsd = None,
    since: Since = None,
    until: Until = None,
    sort: Annotated[
        Sort, Query(description="By level (unrated above low), score, USD from and to crime, or time seen.")
    ] = "score",
    order: Annotated[Order, Query(description="The highest first, or the lowest.")] = "desc",
) -> ScoreQuery:
    only = ScoreFilter(
        level=risk_level,
        category=category,
        main_category=main_category,
        direction=direction,
        flag=flag,
        chain=chain,
        asset=asset,
        crime_usd=crime_usd_at_least,
        since=since,
        until=until,
    )
    return ScoreQuery(run_id, only, sort, order)


AskedScores = Annotated[ScoreQuery, Depends(_score_query)]
"""Filters and order of a list of scores."""
