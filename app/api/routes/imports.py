"""Imports of files: which there are, and undoing one."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from starlette.concurrency import run_in_threadpool

from app.api.dependencies import AppServices
from app.api.list_cursor import Cursor
from app.api.long_work import operation_answer
from app.api.params import DEFAULT_LIMIT, Limit, WaitSeconds, WithTotal
from app.api.responses import errors, example
from app.operations.operation_answers import UNDOING, UNDONE, UndoOperation
from app.operations.undo_import import start_undo
from app.record import imports
from app.record.imports import IMPORT, IMPORTS, ImportedFiles, Imports, find_import

router = APIRouter(tags=["the record"])
ImportId = Annotated[
    str,
    Path(pattern=r"^[0-9a-f]{12}$", description="As `aml imports` lists it.", examples=["3f9a2c71d0b4"]),
]


@router.get("/imports", responses=example(200, IMPORTS))
def list_imports(
    services: AppServices,
    *,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    with_total: WithTotal = False,
) -> Imports:
    """Imports of files of transfers, the latest first: what, when, and whether each was undone."""
    with services.postgres.transaction(snapshot=True) as connection:
        return imports.list_imports(connection, limit=limit, cursor=cursor, with_total=with_total)


@router.get("/imports/{import_id}", responses=example(200, IMPORT) | errors(404))
def get_import(services: AppServices, import_id: ImportId) -> ImportedFiles:
    """One import of a file or a folder."""
    with services.postgres.transaction() as connection:
        return find_import(connection, import_id)[1]


@router.post(
    "/imports/{import_id}/undo",
    status_code=202,
    responses=example(200, UNDONE) | example(202, UNDOING) | errors(404),
)
async def undo_import(
    services: AppServices, response: Response, import_id: ImportId, wait_seconds: WaitSeconds
) -> UndoOperation:
    """Takes back what an import alone said, as if it had never been said; what others said too stays.

    It is no retraction: importing the same files again brings all of it back. Answers 202 with the operation,
    or, with `Prefer: wait=N`, 200 with the import. An import that was undone before stays so.
    """
    operation = await run_in_threadpool(
        start_undo, services.operations, services.postgres, services.withdraw, import_id
    )
    answer: UndoOperation = await operation_answer(operation, response, wait_seconds)
    return answer
