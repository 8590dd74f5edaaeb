"""The OpenAPI document: FastAPI's, with what every operation has in common."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.answers.problem import Problem
from app.answers.webhooks import AlertCall
from app.api.responses import errors

SERVERS: Final = [{"url": "/", "description": "The server that this document comes from."}]
_OF_BODIES: Final = (400, 413, 415)
HEADERS: Final = {
    "X-Request-ID": "The request's own, or one of the server's; it stands in its log.",
    "ETag": "Send it as `If-None-Match`: what has not changed is 304 without a body.",
    "Location": "Where the progress is, or the run or operation that is in the way.",
    "Preference-Applied": "How long the answer waited, where `Prefer: wait=N` asked for it.",
    "Retry-After": "Seconds to wait before asking again.",
    "WWW-Authenticate": "`Bearer`.",
}
"""Headers of answers, each described once."""
_HEADERS_OF_STATUS: Final = {
    202: ("Location", "Preference-Applied"),
    401: ("WWW-Authenticate",),
    409: ("Location", "Retry-After"),
    429: ("Retry-After",),
}


_CALL: Final = {
    "post": {
        "operationId": "alert_call",
        "summary": "Alert opened or updated",
        "description": "Sent to the endpoints of `/v1/webhooks`, signed as Standard Webhooks say. Any 2xx is"
        " success; the same `webhook-id` may come again. `webhook.test` has another `data`: pass over types"
        " that are not known.",
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
            for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AlertCall"}}},
        },
        "responses": {"200": {"description": "It was taken."}},
    }
}


def install(app: FastAPI) -> None:
    """Makes `app.openapi()` this document, built once."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign] # FastAPI's documented way


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        servers=SERVERS,
    )
    schemas = document["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs")
    schemas["Problem"] = problem
    call = AlertCall.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= call.pop("$defs")
    schemas["AlertCall"] = call
    document["webhooks"] = {"alert": _CALL}
    schemas["Event"] = _event(app)
    events = schemas["EventsRequest"]["properties"]["transfers"]
    events["items"] = {"$ref": "#/components/schemas/Event"}
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    document["components"]["headers"] = {
        name: {"description": description, "schema": {"type": "string"}}
        for name, description in HEADERS.items()
    }
    for methods in document["paths"].values():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", []):
                parameter["schema"] = _never_null(parameter["schema"])
            if "requestBody" in operation:
                for status, answer in errors(*_OF_BODIES).items():
                    operation["responses"][str(status)] = answer
            operation["responses"] = dict(sorted(operation["responses"].items()))
            for status, answer in operation["responses"].items():
                answer["headers"] = _headers(method, int(status), is_long="202" in operation["responses"])
    return document


def _event(app: FastAPI) -> dict[str, Any]:
    """One schema of the contract's transfers and retractions, so that clients have one class for both.

    What only one of them must have is not required, and words of a vocabulary are texts: each message is
    looked at by itself, and the contract says exactly what it may be.
    """
    contract = app.state.services.topic.contract()
    transfer, retraction = contract["transfer"], contract["retraction"]
    either = {
        name: field
        for name, field in retraction["properties"].items()
        if name not in transfer["properties"] or isinstance(field["type"], list)  # where it may be null
    }
    both = {**transfer["properties"], **either}
    return {
        "title": "Event",
        "description": "A transfer, or a retraction (`type`), as `/v1/contract` has them.",
        "type": "object",
        "properties": {name: _of_event(each) for name, each in both.items()},
        "required": [name for name in transfer["required"] if name in retraction["required"]],
        "additionalProperties": True,
        "examples": [*transfer["examples"], *retraction["examples"]],
    }


def _of_event(field: dict[str, Any]) -> dict[str, Any]:
    """A field of the contract in the form of the document's other schemas."""
    types = field.get("type", "string")
    said = {key: field[key] for key in ("description",) if key in field}
    rest = {key: value for key, value in field.items() if key not in {"type", "enum", "description"}}
    if isinstance(types, str):
        return {"type": types, **rest, **said}
    (named,) = (each for each in types if each != "null")
    return {"anyOf": [{"type": named, **rest}, {"type": "null"}], **said}


def _headers(method: str, status: int, *, is_long: bool) -> dict[str, Any]:
    """The headers that an answer of this status may have."""
    names = ["X-Request-ID", *_HEADERS_OF_STATUS.get(status, ())]
    if method == "get" and status == HTTPStatus.OK:
        names.append("ETag")
    if is_long and status == HTTPStatus.OK:
        names += _HEADERS_OF_STATUS[HTTPStatus.ACCEPTED]
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter that may be absent; FastAPI says that it may be null, which no URL can."""
    choices = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    if len(choices) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "title"}}
    never_null: dict[str, Any] = choices[0] | rest
    return never_null
