"""The version of the program and of its API."""

from importlib.metadata import version
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.responses import example

router = APIRouter(tags=["service"])


class Version(BaseModel):
    """Which program answers, and by which contract."""

    api: Literal["v1"] = Field(default="v1", description="Paths begin with it. docs/api.md: what may change.")
    application: str = Field(description="Semantic version of the program.", examples=["0.1.0"])
    event_schema: Literal[1] = Field(default=1, description="`schema_version` of the topic's messages.")


@router.get("/version", responses=example(200, Version(application="0.1.0")))
def get_version() -> Version:
    """The versions of the program, of this API and of the messages on the topic."""
    return Version(application=version("aml-risk"))
