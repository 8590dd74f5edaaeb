"""The rules of a policy: when each fires, and the level or the flag that follows."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.domain import ListingPeriod

Level = Literal["low", "unrated", "medium", "high", "severe"]
LEVELS: tuple[Level, ...] = ("low", "unrated", "medium", "high", "severe")
"""From the lowest to the highest. `unrated`: too little is known of the money, so that nobody can say low."""
RaisedLevel = Literal["medium", "high", "severe"]

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Share = Annotated[float, Field(ge=0, le=1)]
Usd = Annotated[float, Field(ge=0, le=1e15)]

Behaviour = Literal["mule", "paid_mule", "victim", "weak_label", "unpriced"]
"""What a run finds of a wallet besides its exposures (app/runs/judgement/behaviour.py)."""


class PolicyModel(BaseModel):
    """A part of a policy file: it has no other fields than these, and none of them changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(PolicyModel):
    """True of a wallet whose exposure to these categories together is as large as this.

    `assets` says what the share is of: `priced`: all its money with a value in USD, in known assets;
    `unpriced`: one known asset of which transfers have no value; `known`, `unregistered`, `any`: one such
    asset. A share of 0 with a sum of 0 means any contact. `any` is one of source and destination,
    `ownership` about the wallet's own label, a `behaviour` about neither.
    """

    direction: Literal["source", "destination", "ownership", "any"] = "any"
    categories: tuple[Name, ...] = ()
    hop_at_least: Annotated[int, Field(ge=1, le=6)] = 1
    hop_at_most: Annotated[int, Field(ge=1, le=6)] = 6
    share_at_least: Share = 0.0
    usd_at_least: Usd = 0.0
    listed: Annotated[tuple[ListingPeriod, ...], Field(min_length=1)] = ("while", "unknown")
    firm: bool = True
    wallet: Literal["unlabelled", "service", "any"] = "unlabelled"
    assets: Literal["priced", "unpriced", "known", "unregistered", "any"] = "priced"
    behaviour: Behaviour | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.behaviour is None) == (not self.categories):
            raise ValueError("a condition has either categories or a behaviour")
        if self.usd_at_least and self.assets != "priced":
            raise ValueError("usd_at_least needs `assets: priced`: other money has no value")
        if self.hop_at_least > self.hop_at_most:
            raise ValueError("hop_at_least is larger than hop_at_most")
        return self


class Rule(PolicyModel):
    """Raises a wallet's risk level, never its score, or sets a flag beside it.

    `sentence` says why, to people; the figures of the wallet stand behind it.
    """

    name: Name
    sentence: Sentence
    when: Condition
    level_at_least: RaisedLevel | None = None
    flag: Name | None = None

    @model_validator(mode="after")
    def _one_outcome(self) -> Self:
        if (self.level_at_least is None) == (self.flag is None):
            raise ValueError("a rule has either level_at_least or flag")
        if self.level_at_least and self.when.assets in {"unregistered", "any"}:
            raise ValueError(
                "unregistered assets set flags alone: anybody can make one and send it to anybody"
            )
        return self
