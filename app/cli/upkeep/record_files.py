"""`aml export record` and `aml import record`: the record as Parquet files in a folder."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    load_settings,
    open_record,
    print_json,
    stderr,
    stdout,
    step_progress,
    writing,
)
from app.record_files.export import export_record
from app.record_files.load import check_record, import_record
from app.record_files.manifest import Manifest
from app.record_files.tables import TRANSFERS

FolderArgument = Annotated[Path, typer.Argument(help="Folder of the files.")]


def write_record(
    folder: FolderArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False
) -> None:
    """Write the record into a folder of Parquet files, or bring such a folder up to date.

    Transfers with their annotation, wallets, labels, prices, the registry of assets; a manifest with counts
    and digests. Files whose rows have not changed stay. Scores, alerts and screenings are no part of it (`aml
    backup` has them).

    Example: aml export record /data/record
    """
    with (
        open_record(load_settings(home)) as postgres,
        step_progress("exporting") as progress,
        writing(folder),
    ):
        exported = export_record(postgres, folder, progress)
    if as_json:
        print_json(_summary(exported.manifest) | {"files_written": exported.files_written})
        return
    stdout.print(
        f"{_sentence(folder, exported.manifest)} {exported.files_written} files with "
        f"{exported.rows_written:,} rows were written, {exported.files_kept} have not changed.",
        soft_wrap=True,
        highlight=False,
    )


def read_record(
    folder: FolderArgument,
    home: HomeOption = DEFAULT_HOME,
    check: Annotated[
        bool, typer.Option("--check", help="Only compare every file with the manifest; no record is needed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read such a folder into a new instance: all of it, or nothing. Its digests are compared afterwards.

    The graph follows by itself. What was read of Kafka is taken over where this instance has read nothing.

    Example: aml import record /data/record --home ~/aml-moved
    """
    if check:
        with step_progress("checking") as progress:
            manifest = check_record(folder, progress)
        left_out: tuple[str, ...] = ()
    else:
        with open_record(load_settings(home)) as postgres, step_progress("importing") as progress:
            loaded = import_record(postgres, folder, progress)
        manifest, left_out = loaded.manifest, loaded.left_out
    if as_json:
        print_json(_summary(manifest) | {"left_out": left_out})
        return
    stdout.print(
        f"{_sentence(folder, manifest)} "
        + ("Every file is as it was written." if check else "The record now has the same digests."),
        soft_wrap=True,
        highlight=False,
    )
    if left_out:
        stderr.print(
            f"Left out, because this instance reads a Kafka of its own: {', '.join(left_out)}.",
            soft_wrap=True,
        )


def _summary(manifest: Manifest) -> dict[str, object]:
    """Counts and digests, without the list of files."""
    whole = asdict(manifest)
    parts = whole.pop("parts")
    rows = {name: manifest.rows(name) for name in dict.fromkeys(part.table for part in manifest.parts)}
    return whole | {"files": len(parts), "rows": rows}


def _sentence(folder: Path, manifest: Manifest) -> str:
    return (
        f"{folder}: {manifest.rows(TRANSFERS):,} transfers up to batch {manifest.watermark} in "
        f"{len(manifest.parts)} files, digest {manifest.digests.record_digest}."
    )
