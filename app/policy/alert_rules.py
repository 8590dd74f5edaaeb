"""The rules of a policy that make alerts: what of a wallet somebody should look at."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.policy.conditions import Name, PolicyModel, RaisedLevel, Sentence, Usd


class AlertCondition(PolicyModel):
    """When an alert rule fires: exactly one of these.

    `level_reached`: the level is this one or more, and was less. `level_rose_to`: it is higher than before,
    and this one or more. `flags_set`, `rules_fired`: one of these is new. `transfer_usd_at_least`: one new
    transfer of the wallet, either way, is worth so much.
    """

    level_reached: RaisedLevel | None = None
    level_rose_to: RaisedLevel | None = None
    flags_set: tuple[Name, ...] = ()
    rules_fired: tuple[Name, ...] = ()
    transfer_usd_at_least: Annotated[Usd, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        if len(self.model_fields_set) != 1 or not any(getattr(self, name) for name in self.model_fields_set):
            raise ValueError(f"name exactly one of {', '.join(type(self).model_fields)}")
        return self


class AlertRule(PolicyModel):
    """Makes an alert; `wallets` says of which: those that are watched, or any that a run scores."""

    name: Name
    sentence: Sentence
    when: AlertCondition
    wallets: Literal["watched", "any"] = "watched"

    @model_validator(mode="after")
    def _transfers_of_watched(self) -> Self:
        if self.wallets == "any" and self.when.transfer_usd_at_least:
            raise ValueError("transfer_usd_at_least is for `wallets: watched` alone")
        return self
