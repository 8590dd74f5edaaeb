"""The codec of cells, and that nothing else calculates with codes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.ledger.cells import (
    COLUMNS,
    DESTINATION,
    HOPS,
    RESIDUALS,
    SOURCE,
    Cell,
    CellLayout,
    Cells,
    decode,
    decode_all,
    encode,
    encode_all,
    encode_earlier,
)
from tests.support.paths import PROJECT

EVERY = [Cell(d, c, h) for d in range(3) for c in range(COLUMNS) for h in range(HOPS)]


def test_every_cell_has_a_code_of_its_own_that_fits_a_smallint() -> None:
    codes = [encode(cell) for cell in EVERY]
    assert sorted(codes) == list(range(len(EVERY)))
    assert max(codes) < 2**15
    assert [decode(code) for code in codes] == EVERY


def test_many_cells_are_encoded_like_one() -> None:
    cells = Cells(*(np.array(field) for field in zip(*EVERY, strict=True)))
    codes = encode_all(cells)
    assert codes.dtype == np.int16
    assert codes.tolist() == [encode(cell) for cell in EVERY]
    assert all((a == b).all() for a, b in zip(decode_all(codes), cells, strict=True))


@pytest.mark.parametrize("cell", [(3, 0, 0), (-1, 0, 0), (1, 682, 0), (1, -1, 0), (1, 0, 16), (1, 0, -1)])
def test_what_no_code_can_name_is_refused(cell: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="No code names the cell"):
        encode(Cell(*cell))


@pytest.mark.parametrize("code", [-1, 3 * COLUMNS * HOPS, 2**15 - 1])
def test_a_number_that_is_no_code_is_refused(code: int) -> None:
    with pytest.raises(ValueError, match="is no code of a cell"):
        decode(code)


def test_the_code_before_migration_0007_had_the_direction_in_scores_alone() -> None:
    assert encode_earlier(Cell(2, 5, 3), of_scores=True) == 2 * 1024 + 5 * 8 + 3
    assert encode_earlier(Cell(2, 5, 3), of_scores=False) == 5 * 8 + 3


@pytest.mark.parametrize(("direction", "residual"), [(SOURCE, 0), (DESTINATION, 1)])
def test_a_layout_numbers_every_cell_of_a_direction_once(direction: int, residual: int) -> None:
    layout = CellLayout(("a", "b"), 2)
    cells = [decode(code) for code in layout.codes(direction).tolist()]
    assert len(set(cells)) == layout.width == 10
    assert cells[0] == (direction, RESIDUALS.index("beyond_hop_limit"), 0)
    assert [cells[layout.residual(hop)] for hop in range(3)] == [(direction, residual, h) for h in range(3)]
    assert [cells[layout.category(1, hop)] for hop in range(3)] == [(direction, 4, h) for h in range(3)]


def test_a_step_moves_money_one_hop_on_or_none() -> None:
    layout = CellLayout(("a", "b"), 2)
    for direction in (SOURCE, DESTINATION):
        stays, moves = layout.onward(direction).tolist()
        assert stays == list(range(layout.width))
        assert moves[0] == 0
        for category in (0, 1):
            assert moves[layout.category(category, 0)] == layout.category(category, 1)
            assert moves[layout.category(category, 1)] == layout.category(category, 2)
            assert moves[layout.category(category, 2)] == 0
        assert moves[layout.residual(0)] == layout.residual(1)
        # What would rest behind the last hop is beyond the limit.
        assert moves[layout.residual(1)] == (layout.residual(2) if direction == SOURCE else 0)


def test_a_narrower_layout_knows_its_cells_in_the_wider_one() -> None:
    wide = CellLayout(("a", "b", "c"), 3)
    narrow, cells = wide.narrowed([0, 2])
    assert narrow == CellLayout(("a", "c"), 3)
    assert wide.codes(SOURCE)[cells[narrow.category(1, 2)]] == encode(
        Cell(SOURCE, wide.columns.index("c"), 2)
    )
    assert wide.codes(SOURCE)[cells[narrow.residual(3)]] == encode(Cell(SOURCE, 0, 3))


def test_a_layout_that_codes_cannot_name_is_refused() -> None:
    CellLayout(tuple(map(str, range(COLUMNS - len(RESIDUALS)))), HOPS - 1)
    for categories, hop_limit in ((COLUMNS - len(RESIDUALS) + 1, 4), (3, HOPS)):
        with pytest.raises(ValueError, match="No code names"):
            CellLayout(tuple(map(str, range(categories))), hop_limit)


CODEC = {Path("app/ledger/cells.py")}
FROZEN = {Path("alembic/versions/0007_one_code_of_cells.py")}
"""A migration does not change when the code does."""
ARITHMETIC = (ast.FloorDiv, ast.Mod, ast.LShift, ast.RShift, ast.BitAnd, ast.BitOr, ast.Mult)
IN_SQL = re.compile(r"\b\w*(cell|cells|code|codes)\w*(\[\d+\])?\s*(/|%|&|>>|\*)\s*\d", re.IGNORECASE)


def calculations(source: str) -> Iterator[int]:
    """Lines on which something called a cell or a code is divided, multiplied or shifted, also in SQL."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ARITHMETIC):
            if any(is_code(side) for side in (node.left, node.right)):
                yield node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if name == "divmod" and node.args and is_code(node.args[0]):
                yield node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and IN_SQL.search(node.value):
            yield node.lineno


def is_code(node: ast.expr) -> bool:
    """Whether an operand is called a cell or a code."""
    if isinstance(node, ast.Subscript | ast.Call):
        node = node.value if isinstance(node, ast.Subscript) else node.func
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return re.fullmatch(r"\w*(cell|cells|code|codes)", name) is not None


def test_such_calculations_would_be_seen() -> None:
    for line in ("cell // 8", "row.cells[0] % 1024", "code >> 4", "8 * cell", "divmod(code, 16)"):
        assert list(calculations(line)) == [1]
    for statement in ("SELECT cell / 8 FROM x", "SELECT c.cell % 1024 FROM x", "SELECT cells[1] / 16 FROM x"):
        assert list(calculations(f"text({statement!r})")) == [1]


def test_nothing_but_the_codec_calculates_with_codes() -> None:
    folders = ("app", "alembic", "bench", "embedded", "ingest", "tests")
    files = {
        path.relative_to(PROJECT): source
        for folder in folders
        for path in (PROJECT / folder).rglob("*.py")
        if re.search(r"\bcells?\b", source := path.read_text())
    }
    assert len(files) > 20
    del files[Path(__file__).resolve().relative_to(PROJECT)]
    calculating = {path: lines for path, source in files.items() if (lines := list(calculations(source)))}
    assert calculating.keys() - CODEC == FROZEN
