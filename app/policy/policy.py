"""The policy: severities, hop weights, bands and rules, read from one versioned file."""

from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from app.domain import MICRO, MINT_BURN
from app.errors import InvalidInput, InvalidPolicy
from app.input_files import read_input
from app.ledger.cells import CellLayout
from app.plain_yaml import Lines, Mapping, YamlRules, read_yaml

POLICY_YAML = YamlRules(
    max_bytes=64 * 1024, when_larger="A policy is a short file.", typed=True, several_documents=False
)

Level = Literal["low", "medium", "high", "severe"]
LEVELS: tuple[Level, ...] = ("low", "medium", "high", "severe")

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Severity = Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)]
Weight = Annotated[Decimal, Field(ge=0, le=1, decimal_places=4)]
Share = Annotated[float, Field(ge=0, le=1)]


class _PolicyModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Category(_PolicyModel):
    """What a labelled wallet is, and how severe that is (0 to 100 points)."""

    severity: Severity
    description: Sentence


class Bands(_PolicyModel):
    """Lowest score of each level; below `medium` is low."""

    medium: Severity
    high: Severity
    severe: Severity

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not 0 < self.medium < self.high < self.severe:
            raise ValueError("bands must rise: 0 < medium < high < severe")
        return self


class Condition(_PolicyModel):
    """True of a wallet when these categories together have that share of one asset within those hops.

    `share_at_least` 0 means any contact. `ownership` is about the wallet's own label.
    """

    direction: Literal["source", "destination", "ownership", "any"] = "any"
    categories: Annotated[tuple[Name, ...], Field(min_length=1)]
    hop_at_most: Annotated[int, Field(ge=1, le=6)] = 6
    share_at_least: Share = 0.0


class Rule(_PolicyModel):
    """Raises a wallet's risk level, never its score."""

    name: Name
    description: Sentence
    when: Condition
    level_at_least: Level


class PolicyFile(_PolicyModel):
    """The content of a policy file, its parts checked against each other."""

    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
    hop_limit: Annotated[int, Field(ge=1, le=6)]
    hop_weights: Annotated[tuple[Weight, ...], Field(min_length=1, max_length=6)]
    categories: Annotated[dict[Name, Category], Field(min_length=1, max_length=100)]
    bands: Bands
    rules: Annotated[tuple[Rule, ...], Field(max_length=100)] = ()

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

    @field_validator("rules")
    @classmethod
    def _of_known_categories(cls, rules: tuple[Rule, ...], info: ValidationInfo) -> tuple[Rule, ...]:
        if len({rule.name for rule in rules}) < len(rules):
            raise ValueError("two rules have one name; rename one")
        categories = info.data.get("categories", {})
        for rule in rules if categories else ():
            if unknown := sorted(set(rule.when.categories) - categories.keys()):
                raise ValueError(f"rule {rule.name} names categories the policy does not have: {unknown}")
        return rules


class Policy(PolicyFile):
    """A policy with the text it was read from; `digest` is the SHA-256 of its bytes."""

    body: str
    digest: str

    @cached_property
    def layout(self) -> CellLayout:
        """The cells of this policy's exposures; categories in the order of the file."""
        return CellLayout(tuple(self.categories), self.hop_limit)

    @cached_property
    def severities(self) -> dict[str, float]:
        """Severity by category."""
        return {name: float(category.severity) for name, category in self.categories.items()}

    def micro_points(self, category: str, hop: int) -> int:
        """Points of a share of 1, in millionths: severity * hop weight, exact; hop 0 is ownership."""
        weight = self.hop_weights[hop - 1] if hop else Decimal(1)
        return int(self.categories[category].severity * weight * MICRO)

    def band(self, micro: int) -> Level:
        """The level of a score (in millionths of a point) before rules."""
        reached = sum(
            micro >= bound * MICRO for bound in (self.bands.medium, self.bands.high, self.bands.severe)
        )
        return LEVELS[reached]


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
        raise InvalidPolicy(f"{name}:1: the file must be a mapping that begins with `version:`.")
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
