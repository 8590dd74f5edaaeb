"""How a route documents its answers: the OpenAPI response of a status with its example."""

from typing import Any

from pydantic import BaseModel


def answers(status: int, example: BaseModel) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI response of that status with its example."""
    content = {"application/json": {"example": example.model_dump(mode="json")}}
    return {status: {"content": content}}
