"""What the program knows: chains, categories, the policy, the contract of the messages."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from app.answers.names import ChainFamily
from app.api.dependencies import AppServices
from app.api.responses import example
from app.chains.addresses import CHAINS, EVM_NATIVE_ASSETS
from app.policy.policy import load_policy

router = APIRouter(tags=["catalogue"])


class Chain(BaseModel):
    """A chain that transfers may be on."""

    chain: str = Field(examples=["ethereum"])
    family: ChainFamily = Field(description="`evm`: addresses are 0x and 40 hex digits (EIP-55).")
    native_asset: str | None = Field(description="Symbol of its coin, where it is known.", examples=["ETH"])


class Chains(BaseModel):
    """Every known chain, by name."""

    chains: list[Chain]


class PolicyCategory(BaseModel):
    """A category of wallets, by the policy that the next run would use."""

    category: str = Field(examples=["mixer"])
    severity: float = Field(description="Points of a share of 1, next to it.", examples=[70])
    description: str = Field(examples=["Mixes the money of many."])


class Categories(BaseModel):
    """The categories, in the order of the policy."""

    categories: list[PolicyCategory]


class PolicyInForce(BaseModel):
    """The policy that the next run would use."""

    policy_version: str = Field(examples=["2026-01"])
    policy_digest: str = Field(description="SHA-256 of its text.")
    hop_limit: int = Field(examples=[4])
    text: str = Field(description="The whole file, YAML.", examples=["version: 2026-01\n…"])


_CHAINS = Chains(chains=[Chain(chain="ethereum", family="evm", native_asset="ETH")])
_CATEGORIES = Categories(
    categories=[PolicyCategory(category="mixer", severity=70, description="Mixes the money of many.")]
)
_POLICY = PolicyInForce(
    policy_version="2026-01", policy_digest="5d41402abc4b2a76", hop_limit=4, text="version: 2026-01\n…"
)
ContractName = Literal["transfer", "retraction", "dead_letter", "asyncapi"]


@router.get("/chains", responses=example(200, _CHAINS))
def list_chains() -> Chains:
    """The chains that transfers may be on."""
    return Chains(
        chains=[
            Chain(
                chain=chain,
                family="evm" if chain in EVM_NATIVE_ASSETS else "other",
                native_asset=EVM_NATIVE_ASSETS.get(chain),
            )
            for chain in sorted(CHAINS)
        ]
    )


@router.get("/categories", responses=example(200, _CATEGORIES))
def list_categories(services: AppServices) -> Categories:
    """The categories that a label may have."""
    policy = load_policy(services.settings.policy_file)
    return Categories(
        categories=[
            PolicyCategory(category=name, severity=policy.severities[name], description=each.description)
            for name, each in policy.categories.items()
        ]
    )


@router.get("/policy", responses=example(200, _POLICY))
def get_policy(services: AppServices) -> PolicyInForce:
    """The policy that the next run would use; a run names its own by digest."""
    policy = load_policy(services.settings.policy_file)
    return PolicyInForce(
        policy_version=policy.version,
        policy_digest=policy.digest,
        hop_limit=policy.hop_limit,
        text=policy.body,
    )


@router.get(
    "/contract/{name}",
    responses={
        200: {
            "description": "OK",
            "content": {
                "application/json": {
                    "schema": {"type": "object", "additionalProperties": True},
                    "example": {"$schema": "https://json-schema.org/draft/2020-12/schema"},
                }
            },
        }
    },
    response_class=JSONResponse,
    response_model=None,
)
def get_contract(
    services: AppServices,
    name: Annotated[ContractName, Path(description="`asyncapi` is the topics; the others are JSON Schemas.")],
) -> Any:  # noqa: ANN401 - a JSON document
    """The contract of the messages, made from the code that checks them."""
    return JSONResponse(services.topic.contract()[name])
