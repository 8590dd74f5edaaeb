"""Digests that reveal later changes of the record that a run read, or of the results it stored.

They are no proof against somebody who also rewrites the digests.
"""

from sqlalchemy import Connection, text

_MODULUS = 1 << 64


def transfers_digest(connection: Connection, watermark: int) -> tuple[int, str]:
    """The number of transfers up to a batch, and a digest of them that does not depend on their order.

    Every transfer is one line of its natural fields, retracted or not at that batch; the halves of the lines'
    MD5 are summed (modulo 2^64), for which the server need not sort. An optional field of the event is in the
    line, with its name, only where it is recorded: digests from before there were any stay as they are.
    """
    connection.execute(text("SET LOCAL work_mem = '128MB'"))
    count, high, low = connection.execute(_TRANSFERS, {"watermark": watermark}).one()
    return count, f"{int(high) % _MODULUS:016x}{int(low) % _MODULUS:016x}"


# `occurred_at` is written in UTC: every connection of app.stores.postgres has that time zone.
_TRANSFERS = text(r"""
    SELECT count(*), coalesce(sum(('x' || left(line, 16))::bit(64)::bigint), 0),
        coalesce(sum(('x' || right(line, 16))::bit(64)::bigint), 0)
    FROM (
        SELECT md5(concat_ws(E'\t', t.chain, t.transaction_hash, t.transfer_index, t.block_number,
            t.transaction_index, t.occurred_at, s.address, r.address, a.asset, t.amount,
            coalesce(t.decimals::text, ''), coalesce(t.usd_value::text, ''),
            (t.retracted_batch_id IS NULL OR t.retracted_batch_id > :watermark) AND x.transfer_id IS NULL,
            'block_hash=' || t.block_hash, 'observed_at=' || t.observed_at, 'initiator=' || t.initiator,
            'kind=' || t.kind, 'sender_tag=' || t.sender_tag, 'receiver_tag=' || t.receiver_tag)) AS line
        FROM transactions t JOIN assets a USING (asset_id)
        JOIN wallets s ON s.wallet_id = t.sender_id JOIN wallets r ON r.wallet_id = t.receiver_id
        LEFT JOIN absences x ON x.transfer_id = t.transfer_id
            AND x.retracted_batch_id <= :watermark AND x.returned_batch_id > :watermark
        WHERE t.batch_id <= :watermark
        OFFSET 0  -- else each line would be made and digested for either half
    ) AS lines
""")
