"""The OpenAPI documentation of a route's answers."""

from typing import Any

from pydantic import BaseModel


def example(status: int, answer: BaseModel) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI response of that status with its example."""
    content = {"application/json": {"example": answer.model_dump(mode="json")}}
    return {status: {"content": content}}
