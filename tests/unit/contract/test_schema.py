"""The contract's JSON Schemas say what the decoder checks, and the committed ones are those of the code."""

import json
import re
from datetime import timedelta
from typing import get_args

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answers.names import RefusalReason
from app.cli.openapi import contract_documents
from app.errors import InvalidEvent
from app.settings import PROJECT
from ingest.contract.documents import ASYNCAPI
from ingest.contract.reasons import REASONS
from ingest.contract.schema import DEAD_LETTER, FIELDS, RETRACTION, TRANSFER
from ingest.contract.transfer import OPTIONAL_FIELDS, TRANSFER_FIELDS, encode, parse_event
from tests.support.builders import FACTS, START, retraction, transfer
from tests.support.events import retractions, transfers

OF_TRANSFER = jsonschema_rs.Draft202012Validator(TRANSFER)
OF_RETRACTION = jsonschema_rs.Draft202012Validator(RETRACTION)
BEYOND_JSON_SCHEMA = {
    "bad_checksum",
    "bad_address",
    "bad_hash",
    "bad_asset",
    "bad_time",
    "bad_amount",
    "bad_tag",
}
"""Reasons of what a schema cannot say: checksums, forms off EVM, calendars, sums, marks of Unicode."""
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=60), st.just([]), st.just({}),
    st.sampled_from(["0x" + "ab" * 20, "0x" + "AB" * 32, "2024-01-01T00:00:00Z", "1.5", "0", "solana"]),
)  # fmt: skip


def test_the_committed_documents_are_current() -> None:
    for name, content in contract_documents().items():
        assert (PROJECT / "docs" / "contract" / f"{name}.json").read_text() == content, "run `make openapi`"


@given(transfers)
def test_every_transfer_of_the_contract_keeps_its_schema(event: object) -> None:
    OF_TRANSFER.validate(json.loads(encode(event)))  # type: ignore[arg-type]


@given(retractions)
def test_every_retraction_of_the_contract_keeps_its_schema(event: object) -> None:
    OF_RETRACTION.validate(json.loads(encode(event)))  # type: ignore[arg-type]


def refusal(event: dict[str, object]) -> str | None:
    """Why the decoder refuses the event; None when it takes it."""
    try:
        parse_event(event)
    except InvalidEvent as exc:
        return exc.reason
    return None


@given(st.sampled_from([*FIELDS, "another"]), ODD, st.booleans(), st.booleans())
def test_one_changed_field_is_judged_alike(name: str, value: object, remove: bool, retracts: bool) -> None:  # noqa: FBT001
    whole = transfer(7, 1, 2, 5, **FACTS)
    event = json.loads(encode(retraction(whole, observed_at=START + timedelta(1)) if retracts else whole))
    if remove:
        event.pop(name, None)
    else:
        event[name] = value
    schema = OF_RETRACTION if "type" in event else OF_TRANSFER
    reason = refusal(event)
    if schema.is_valid(event):
        assert reason is None or reason in BEYOND_JSON_SCHEMA
    else:
        assert reason is not None, [error.message for error in schema.iter_errors(event)]


def test_every_field_says_what_it_is_and_which_may_be_null() -> None:
    nullable = {name for name, schema in TRANSFER["properties"].items() if "null" in str(schema.get("type"))}
    assert nullable == {"decimals", "usd_value", *OPTIONAL_FIELDS}
    assert set(TRANSFER["required"]) == set(TRANSFER_FIELDS)
    assert all(schema.get("description") for schema in TRANSFER["properties"].values())


def test_a_dead_letters_headers_are_those_that_are_sent() -> None:
    source = (PROJECT / "ingest" / "kafka" / "dead_letters.py").read_text()
    sent = set(re.findall(r'^        \("(\w+)",', source, re.MULTILINE))
    assert sent == set(DEAD_LETTER["properties"])
    assert DEAD_LETTER["properties"]["reason"]["enum"] == list(REASONS)


def test_the_channels_and_messages_of_asyncapi_lead_somewhere() -> None:
    references = re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(ASYNCAPI))
    assert len(references) == 5
    for reference in references:
        node = ASYNCAPI
        for part in reference.split("/"):
            node = node[part]
    jsonschema_rs.meta.validate(TRANSFER)
    with pytest.raises(jsonschema_rs.ValidationError):
        OF_TRANSFER.validate({})


def test_the_examples_are_events_of_the_contract() -> None:
    for schema, validator in ((TRANSFER, OF_TRANSFER), (RETRACTION, OF_RETRACTION)):
        (example,) = schema["examples"]
        assert validator.is_valid(example)
        parse_event(example)


def test_the_reasons_of_the_apis_document_are_those_of_the_contract() -> None:
    assert get_args(RefusalReason.__value__) == tuple(REASONS)
