"""Every transfer of the real hack, screened as a deposit: its source equals exact fractions."""

from app.domain import ledger_seq
from app.labels.store import import_labels
from app.ledger.cells import SOURCE, decode
from app.projection.pending import project_all_pending
from app.screening.computing.base import BaseReader, Stores
from app.screening.computing.transfer_paths import layout_of_run, read_sources
from app.screening.screen import Screener
from app.screening.subjects import TransferSubject
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import policy
from tests.support.hack import Hack
from tests.support.ledgers.exact import exact_content
from tests.support.ledgers.moves import Ledger, Move
from tests.support.record import rows, score, write


def ledger_of(hack: Hack) -> Ledger:
    """The hack as exact arithmetic takes it; wallets and assets by number."""
    wallets: dict[str, int] = {}
    assets: dict[str, int] = {}
    moves = [
        Move(
            transfer_id=number,
            seq=ledger_seq(each.block_number, each.transaction_index, each.transfer_index),
            transaction_hash=each.transaction_hash,
            sender=wallets.setdefault(each.sender, len(wallets)),
            receiver=wallets.setdefault(each.receiver, len(wallets)),
            asset_id=assets.setdefault(each.asset, len(assets)),
            amount=each.amount,
            usd_value=None,
        )
        for number, each in enumerate(hack.transfers())
    ]
    labels = {wallets[one.address]: one.category for one in hack.labels() if one.address in wallets}
    return Ledger(moves, labels)


def test_every_transfer_of_the_hack_has_the_exact_source(
    hack: Hack, settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    transfers = hack.transfers()
    write(postgres, transfers)
    import_labels(postgres, hack.labels(), policy().categories)
    project_all_pending(postgres, graph)
    score(postgres, graph, "ledger")
    with postgres.transaction(snapshot=True) as connection:
        base = BaseReader(settings).moment(connection).base
    stored = rows(postgres, "SELECT transaction_hash, transfer_index, transfer_id FROM transactions")
    ids = {(found, index): transfer_id for found, index, transfer_id in stored}
    stores = Stores(postgres, graph, 300.0)
    shares, _, failures = read_sources(stores, base, sorted(ids.values()), 0)
    assert failures == []
    layout = layout_of_run(base.run)
    cells = [decode(code) for code in layout.codes(SOURCE).tolist()]
    names = [(layout.columns[cell.column], cell.hop) for cell in cells]
    tested = 0
    for move, exact in exact_content(ledger_of(hack), SOURCE, base.policy.hop_limit):
        sent = transfers[move.transfer_id]
        of_it = shares[ids[sent.transaction_hash, sent.transfer_index]]
        found = dict(zip(names, of_it.tolist(), strict=True))
        assert exact.keys() <= found.keys(), move
        for cell, share in found.items():
            assert abs(share - float(exact.get(cell, 0))) <= 1e-9, (move.transaction_hash, cell)
        tested += 1
    assert tested == len(transfers) == len(ids)
    screener = Screener(postgres, graph, settings)
    subjects = [
        TransferSubject(
            type="transfer",
            chain=each.chain,
            transaction_hash=each.transaction_hash,
            transfer_index=each.transfer_index,
        )
        for each in transfers[::200]
    ]
    for screening in screener.screen(subjects):
        assert screening.status == "complete", screening.detail
        assert screener.verify(screening.screening_id).equal
