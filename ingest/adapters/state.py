"""How far a stream is read, in the record: written after what was read is published."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from ingest.adapters.block_buffer import Source

_STATE = text("SELECT partitions, unsettled FROM adapters WHERE name = :name")
_TOKENS = text("SELECT token, decimals FROM adapter_tokens WHERE name = :name")
_SAVE = text("""
    INSERT INTO adapters (name, partitions, unsettled)
    VALUES (:name, CAST(:partitions AS jsonb), :unsettled ::bigint[])
    ON CONFLICT (name) DO UPDATE SET partitions = excluded.partitions, unsettled = excluded.unsettled,
        updated_at = clock_timestamp()
""")
_ADD_TOKENS = text("""
    INSERT INTO adapter_tokens (name, token, decimals)
    SELECT :name, * FROM unnest(:tokens ::text[], :decimals ::int[])
    ON CONFLICT (name, token) DO UPDATE SET decimals = excluded.decimals
""")


class AdapterState(NamedTuple):
    """Where to read on: the first offset of each partition, how far it was read, blocks begun."""

    restart_at: dict[Source, int]
    read_to: dict[Source, int]
    unsettled: Sequence[int]
    decimals: dict[str, int]


def load_state(connection: Connection, name: str) -> AdapterState:
    """The state of a stream; of one that was never read nothing is known."""
    row = connection.execute(_STATE, {"name": name}).first()
    decimals: dict[str, int] = {
        each.token: each.decimals for each in connection.execute(_TOKENS, {"name": name})
    }
    if row is None:
        return AdapterState({}, {}, [], decimals)
    partitions: list[dict[str, Any]] = row.partitions
    restart_at = {Source(each["topic"], each["partition"]): each["restart_at"] for each in partitions}
    read_to = {Source(each["topic"], each["partition"]): each["read_to"] for each in partitions}
    return AdapterState(restart_at, read_to, row.unsettled, decimals)


def save_state(
    connection: Connection,
    name: str,
    *,
    restart_at: Mapping[Source, int],
    read_to: Mapping[Source, int],
    unsettled: Sequence[int],
    decimals: Mapping[str, int],
) -> None:
    """Writes the state, and the decimals of tokens that were learned since."""
    partitions = [
        {
            "topic": source.topic,
            "partition": source.partition,
            "restart_at": restart_at[source],
            "read_to": offset,
        }
        for source, offset in sorted(read_to.items())
    ]
    values = {"name": name, "partitions": json.dumps(partitions), "unsettled": list(unsettled)}
    connection.execute(_SAVE, values)
    if decimals:
        connection.execute(
            _ADD_TOKENS, {"name": name, "tokens": list(decimals), "decimals": list(decimals.values())}
        )
