"""The policy: severities, hop weights, bands and rules, read from one versioned file."""

from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from app.chains.addresses import EVM_CHAINS, normalise_address
from app.domain import MICRO, MINT_BURN
from app.errors import InvalidEvent, InvalidInput, InvalidPolicy
from app.input_files import read_input
from app.ledger.cells import DESTINATION, OWNERSHIP, SOURCE, CellLayout
from app.plain_yaml import Lines, Mapping, YamlRules, read_yaml
from app.policy.alert_rules import AlertRule
from app.policy.columns import ExposureColumn, column_of, place_of
from app.policy.conditions import LEVELS, Level, Name, PolicyModel, Rule, Sentence, Share
from app.policy.first_version import check_version
from app.policy.label_rules import LabelRules
from app.policy.points import TEN_THOUSAND

POLICY_YAML = YamlRules(
    max_bytes=64 * 1024, when_larger="A policy is a short file.", typed=True, several_documents=False
)

Severity = Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)]
Weight = Annotated[Decimal, Field(ge=0, le=1, decimal_places=4)]
Days = Annotated[float, Field(gt=0, le=3650)]


_SECTIONS = {"mule": "mule", "paid_mule": "mule", "victim": "victim"}
"""The sections of the file that a rule about a behaviour needs."""


class Severities(PolicyModel):
    """Points (0 to 100) of a wallet that is of the category, and of money that is all from or to one.

    One number alone is all three.
    """

    own: Severity
    source: Severity
    destination: Severity

    @model_validator(mode="before")
    @classmethod
    def _alike(cls, value: Any) -> Any:  # noqa: ANN401 - whatever the file holds
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return {"own": value, "source": value, "destination": value}
        return value


class Category(PolicyModel):
    """What a labelled wallet is, and how severe that is.

    The dates of a label of a `listed` category are those of a listing: it holds before and after them too,
    each as a period of its own.
    """

    kind: Literal["crime", "service"]
    severity: Severities
    listed: bool = False
    description: Sentence


class Bands(PolicyModel):
    """Lowest score of each level; below `medium` is low."""

    medium: Severity
    high: Severity
    severe: Severity

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not 0 < self.medium < self.high < self.severe:
            raise ValueError("bands must rise: 0 < medium < high < severe")
        return self


class Floor(PolicyModel):
    """Sums of one category and direction that are less count with a part of their points alone."""

    usd: Annotated[Decimal, Field(ge=0, le=10_000, decimal_places=2)]
    below: Weight = Decimal(0)


class ListingWeights(PolicyModel):
    """Parts of the points of money that moved before or after a listing."""

    before: Weight
    after: Weight


class Mule(PolicyModel):
    """Who collects: so many unlabelled payers within some days, and that part of it on to crime in time."""

    categories: Annotated[tuple[Name, ...], Field(min_length=1)]
    payers_at_least: Annotated[int, Field(ge=2, le=10_000)]
    within_days: Days
    passed_on_at_least: Annotated[float, Field(gt=0, le=1)]
    passed_on_within_days: Days


class Victim(PolicyModel):
    """Whose own money went directly to one of these, and more of it than came back."""

    categories: Annotated[tuple[Name, ...], Field(min_length=1)]


class PolicyFile(PolicyModel):
    """The content of a policy file, its parts checked against each other."""

    policy: Literal[2]
    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
    hop_limit: Annotated[int, Field(ge=1, le=6)]
    hop_weights: Annotated[tuple[Weight, ...], Field(min_length=1, max_length=6)]
    firm_confidence: Annotated[int, Field(ge=0, le=100)] = 50
    floor: Floor = Floor(usd=Decimal(0))
    unrated_below: Share = 0.0
    listing_weights: ListingWeights = ListingWeights(before=Decimal(1), after=Decimal(1))
    unregistered_assets: Literal["note_only"] = "note_only"
    registered_assets: dict[Name, tuple[str, ...]] = Field(default={})
    categories: Annotated[dict[Name, Category], Field(min_length=1, max_length=100)]
    bands: Bands
    mule: Mule | None = None
    victim: Victim | None = None
    rules: Annotated[tuple[Rule, ...], Field(max_length=100)] = ()
    alerts: Annotated[tuple[AlertRule, ...], Field(max_length=100)] = ()

    @field_validator("hop_weights")
    @classmethod
    def _one_for_each_hop(cls, weights: tuple[Decimal, ...], info: ValidationInfo) -> tuple[Decimal, ...]:
        if len(weights) < info.data.get("hop_limit", 1):
            raise ValueError(f"name a weight for each of the {info.data['hop_limit']} hops of hop_limit")
        if any(later > earlier for earlier, later in pairwise(weights)):
            raise ValueError("weights must not grow with the distance; list the nearest hop first")
        return weights

    @field_validator("categories")
    @classmethod
    def _with_mint_burn(cls, categories: dict[str, Category]) -> dict[str, Category]:
        if MINT_BURN not in categories:
            raise ValueError(f"add {MINT_BURN}, the category of the zero address")
        return categories

    @field_validator("registered_assets")
    @classmethod
    def _of_contracts(cls, assets: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for chain, contracts in assets.items():
            for contract in contracts:
                try:
                    normalise_address(chain, contract)
                except InvalidEvent as exc:
                    raise ValueError(str(exc)) from exc
        return assets

    @field_validator("mule", "victim")
    @classmethod
    def _of_known(cls, behaviour: Mule | Victim | None, info: ValidationInfo) -> Mule | Victim | None:
        if behaviour is not None:
            _check_known(behaviour.categories, info, str(info.field_name))
        return behaviour

    @field_validator("rules")
    @classmethod
    def _of_known_categories(cls, rules: tuple[Rule, ...], info: ValidationInfo) -> tuple[Rule, ...]:
        if len({rule.name for rule in rules}) < len(rules):
            raise ValueError("two rules have one name; rename one")
        for rule in rules:
            _check_known(rule.when.categories, info, f"rule {rule.name}")
            section = _SECTIONS.get(rule.when.behaviour or "")
            if section is not None and info.data.get(section, True) is None:
                raise ValueError(f"rule {rule.name} needs the numbers of `{section}:`")
        return rules

    @field_validator("alerts")
    @classmethod
    def _of_known_rules(cls, alerts: tuple[AlertRule, ...], info: ValidationInfo) -> tuple[AlertRule, ...]:
        if "rules" in info.data:
            _check_alerts(alerts, info.data["rules"])
        return alerts


def _check_alerts(alerts: tuple[AlertRule, ...], rules: tuple[Rule, ...]) -> None:
    """Alert rules have names of their own, and name flags and rules that there are."""
    if len({rule.name for rule in alerts}) < len(alerts):
        raise ValueError("two alert rules have one name; rename one")
    flags, names = {rule.flag for rule in rules}, {rule.name for rule in rules}
    for alert in alerts:
        if unknown := sorted({*alert.when.flags_set} - flags):
            raise ValueError(f"alert {alert.name} names flags that no rule sets: {unknown}")
        if unknown := sorted({*alert.when.rules_fired} - names):
            raise ValueError(f"alert {alert.name} names rules the policy does not have: {unknown}")


def _check_known(categories: Iterable[str], info: ValidationInfo, what: str) -> None:
    known = info.data.get("categories", {})
    if known and (unknown := sorted(set(categories) - known.keys())):
        raise ValueError(f"{what} names categories the policy does not have: {unknown}")


class Policy(PolicyFile):
    """A policy with the text it was read from; `digest` is the SHA-256 of its bytes."""

    body: str
    digest: str

    @cached_property
    def layout(self) -> CellLayout:
        """The cells of exposures to firm labels without dates; categories in the order of the file."""
        return self.layout_with(())

    def layout_with(self, columns: Iterable[ExposureColumn]) -> CellLayout:
        """The cells of a run whose labels need these columns besides those of the categories."""
        extra = sorted({column for column in columns if column.name not in self.categories}, key=place_of)
        return CellLayout((*self.categories, *(column.name for column in extra)), self.hop_limit)

    @cached_property
    def severities(self) -> dict[str, float]:
        """Severity of a wallet itself by category."""
        return {name: float(category.severity.own) for name, category in self.categories.items()}

    @cached_property
    def crimes(self) -> frozenset[str]:
        """The categories of crime."""
        return frozenset(name for name, category in self.categories.items() if category.kind == "crime")

    @cached_property
    def flags(self) -> list[str]:
        """The flags that rules set, by name."""
        return sorted({rule.flag for rule in self.rules if rule.flag is not None})

    @cached_property
    def listed(self) -> frozenset[str]:
        """The categories whose labels are listings."""
        return frozenset(name for name, category in self.categories.items() if category.listed)

    @cached_property
    def label_rules(self) -> LabelRules:
        """What decides which label of a wallet counts."""
        contracts = frozenset(
            contract
            for chain, of_chain in self._registered.items()
            if chain in EVM_CHAINS
            for contract in of_chain
        )
        return LabelRules(self.severities, self.crimes, self.listed, self.firm_confidence, contracts)

    @property
    def floor_cents(self) -> int:
        """The floor on sums."""
        return int(self.floor.usd * 100)

    @property
    def below_floor(self) -> int:
        """The part of their points that smaller sums count with, in ten-thousandths."""
        return int(self.floor.below * TEN_THOUSAND)

    def is_registered(self, chain: str, asset: str) -> bool:
        """Whether an asset is native, or a contract that the policy names."""
        try:
            contract = normalise_address(chain, asset)
        except InvalidEvent:
            return True  # a symbol, as native coins have one
        return contract in self._registered.get(chain, ())

    @cached_property
    def _registered(self) -> dict[str, frozenset[str]]:
        return {
            chain: frozenset(normalise_address(chain, contract) for contract in contracts)
            for chain, contracts in self.registered_assets.items()
        }

    def severity(self, column: str, direction: int) -> Decimal:
        """Points of a share of 1 at no distance: 0 for what a weak label alone says."""
        of = column_of(column)
        severities = self.categories[of.category].severity
        if not of.firm:
            return Decimal(0)
        severity = {
            OWNERSHIP: severities.own,
            SOURCE: severities.source,
            DESTINATION: severities.destination,
        }[direction]
        weights = {"before": self.listing_weights.before, "after": self.listing_weights.after}
        return severity * weights.get(of.period, Decimal(1))

    def micro_points(self, column: str, hop: int, direction: int) -> int:
        """Points of a share of 1, in millionths: severity * hop weight, exact; hop 0 is ownership."""
        weight = self.hop_weights[hop - 1] if hop else Decimal(1)
        return int(self.severity(column, direction) * weight * MICRO)

    def band(self, micro: int) -> Level:
        """The level of a score (in millionths of a point) before rules."""
        bounds = self.bands.medium, self.bands.high, self.bands.severe
        reached = sum(micro >= bound * MICRO for bound in bounds)
        return LEVELS[LEVELS.index("unrated") + reached] if reached else "low"


def load_policy(path: Path) -> Policy:
    """Reads a policy file.

    Raises:
        InvalidPolicy: the file cannot be read or is not valid; the message names the line.
    """
    try:
        body = read_input(path, POLICY_YAML.max_bytes, POLICY_YAML.when_larger)
    except InvalidInput as exc:
        raise InvalidPolicy(f"{exc} Set AML_POLICY_FILE.") from exc
    return parse_policy(body, str(path))


def parse_policy(body: bytes, name: str) -> Policy:
    """A policy from its bytes; messages call it `name`.

    Raises:
        InvalidPolicy: it is not valid; the message names the line.
    """
    lines: Lines = {}
    try:
        data = read_yaml(body, name, POLICY_YAML, lines=lines)
    except InvalidInput as exc:
        raise InvalidPolicy(str(exc)) from exc
    if not isinstance(data, Mapping):
        raise InvalidPolicy(f"{name}:1: the file must be a mapping that begins with `policy: 2`.")
    check_version(data, name)
    try:
        PolicyFile.model_validate(data)
        return Policy.model_validate({**data, "body": body.decode(), "digest": sha256(body).hexdigest()})
    except ValidationError as exc:
        raise InvalidPolicy("\n".join(_faults(exc, name, lines))) from exc


def _faults(exc: ValidationError, name: str, lines: Lines) -> list[str]:
    faults = []
    for error in exc.errors(include_url=False, include_context=False):
        location = tuple(key for key in error["loc"] if key != "[key]")
        while location and location not in lines:
            location = location[:-1]
        field = ".".join(map(str, error["loc"])) or "the policy"
        faults.append(f"{name}:{lines.get(location, 1)}: {field}: {error['msg']}.")
    return faults
