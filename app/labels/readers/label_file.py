"""Reads label files of every format."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Final

from app.domain import ByteProgress
from app.errors import InvalidInput
from app.file_kinds import delimiter_of, is_delimiter_line, is_left_over, refuse_repeated
from app.input_files import PACKED_SUFFIXES, open_input, read_text_lines
from app.labels.readers.free_text import SHORTEST
from app.labels.readers.label_csv import OPTIONAL, REQUIRED, read_csv
from app.labels.readers.lists import ListOptions, read_list
from app.labels.readers.seizure_orders import COLUMNS as ORDER_COLUMNS
from app.labels.readers.seizure_orders import read_seizure_orders
from app.labels.readers.unusable import Unusable, skip
from app.labels.store import LabelRow

_BEGINNING_BYTES: Final = 4_096
_YAML: Final = (".yaml", ".yml")
_TABLES: Final = (".csv", ".tsv")
_SUFFIXES: Final = (*_YAML, ".xml", *_TABLES, ".json", ".txt", ".del", ".pip")
_PACKED: Final = tuple(
    f"{kind}{packed}" for kind in (*_TABLES, ".json", ".txt") for packed in PACKED_SUFFIXES
)
"""Lists that are read as they are packed; others are unpacked first."""
_TAG_MEMBERS: Final = ('"identifier"', '"confidence_level"')
"""Of a tag that GraphSense's API answers."""

Rows = Iterator[LabelRow]
Reader = Callable[[Path], Rows]


class LabelFormat(StrEnum):
    """Formats of label files; `auto` finds out which one a file has."""

    csv = "csv"
    tagpack = "tagpack"
    ofac = "ofac"
    list = "list"
    auto = "auto"


def read_labels(
    path: Path,
    file_format: LabelFormat,
    *,
    skipped: Counter[str],
    progress: ByteProgress | None = None,
    options: ListOptions | None = None,
) -> Iterator[LabelRow]:
    """The labels of a file, or of a folder where the format allows one.

    CSV is the project's own format: a line that cannot be used is an error. In foreign files it is skipped
    and counted by reason in `skipped`, and of two equal labels (`duplicate`) the more confident one is taken.
    With `Unusable` for `skipped` a file of a folder that cannot be read is named there, and stops no other.

    Raises:
        InvalidInput: there is nothing to read, or a file is damaged; the message names file and line.
    """
    if not path.exists():
        raise InvalidInput(f"{path} does not exist.")
    if file_format is LabelFormat.csv:
        return read_csv(path, progress=progress)
    reader = _Readers(path, skipped, progress, options or ListOptions())
    return _most_confident(reader.read(file_format), skipped)


class _Readers:
    """The readers of foreign files. Their parsers are imported when needed: `aml --help` would wait."""

    def __init__(
        self, path: Path, skipped: Counter[str], progress: ByteProgress | None, options: ListOptions
    ) -> None:
        self._path = path
        self._skipped = skipped
        self._progress = progress
        self._options = options

    def read(self, file_format: LabelFormat) -> Rows:
        """The labels of the file, or of the files of the folder."""
        if file_format is LabelFormat.tagpack:
            yield from self._tagpacks(None)
            return
        if file_format is LabelFormat.ofac:
            yield from self._each(self._ofac_files(), self._ofac)
            return
        files = [self._path] if not self._path.is_dir() else _label_files(self._path)
        if not files:
            raise InvalidInput(f"{self._path} holds no file with {', '.join(_SUFFIXES)}.")
        if file_format is LabelFormat.list:
            yield from self._each(files, self._list)
            return
        packs = [file for file in files if file.suffix.lower() in _YAML]
        yield from self._each([file for file in files if file not in packs], self._any)
        if packs:
            yield from self._tagpacks(packs)

    def _each(self, files: list[Path], read: Reader) -> Rows:
        """The labels of each file, all or none of a file: one that cannot be read is named."""
        if files == [self._path] or not isinstance(self._skipped, Unusable):
            for file in files:
                yield from read(file)
            return
        for file in files:
            try:
                rows = list(read(file))
            except InvalidInput as exc:
                self._skipped.unreadable.append(str(exc))
                continue
            yield from rows

    def _any(self, file: Path) -> Rows:
        from app.labels.readers.ofac import is_ofac_file  # noqa: PLC0415 - see the class

        if is_ofac_file(file):
            return self._ofac(file)
        if file.suffix in PACKED_SUFFIXES and not file.name.lower().endswith(_PACKED):
            raise InvalidInput(
                f"{file}: of packed files only tables, JSON and plain lists are read. Unpack it."
            )
        beginning = _beginning(file)
        if self._path.is_dir() and file.suffix.lower() == ".txt" and not _holds_addresses(beginning):
            skip(self._skipped, "not_a_list", str(file), file.name)
            return iter(())
        if file.suffix.lower() == ".json" and all(member in beginning for member in _TAG_MEMBERS):
            return self._tags(file)
        first = beginning.partition("\n")[0]
        names = [name.strip().strip('"') for name in first.split(delimiter_of(first))]
        header = set(names)
        if header <= {*REQUIRED, *OPTIONAL} and (set(REQUIRED) <= header or len(header) < len(names)):
            refuse_repeated(file, 1, names)
            return read_csv(file, progress=self._progress)
        if header >= ORDER_COLUMNS:
            return read_seizure_orders(file, skipped=self._skipped, progress=self._progress)
        return self._list(file)

    def _list(self, file: Path) -> Rows:
        return read_list(file, self._options, skipped=self._skipped, progress=self._progress)

    def _ofac(self, file: Path) -> Rows:
        from app.labels.readers.ofac import read_ofac  # noqa: PLC0415 - see the class

        return read_ofac(file, skipped=self._skipped, progress=self._progress)

    def _ofac_files(self) -> list[Path]:
        from app.labels.readers.ofac import ofac_files  # noqa: PLC0415 - see the class

        return ofac_files(self._path)

    def _tagpacks(self, files: list[Path] | None) -> Rows:
        from app.labels.readers.tagpack import read_tagpacks  # noqa: PLC0415 - see the class

        return read_tagpacks(self._path, skipped=self._skipped, progress=self._progress, files=files)

    def _tags(self, file: Path) -> Rows:
        from app.labels.readers.tagpack import read_tags  # noqa: PLC0415 - see the class

        return read_tags(file, skipped=self._skipped)


def _label_files(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file()
        and (file.suffix.lower() in _SUFFIXES or file.name.lower().endswith(_PACKED))
        and not is_left_over(file)
    )


def _beginning(file: Path) -> str:
    if file.name.lower().removesuffix(".gz").removesuffix(".zst").endswith(_TABLES):
        lines = (line for _, line in islice(read_text_lines(file), 2))
        first = next((line for line in lines if not is_delimiter_line(line)), "")
        return first.rstrip("\r\n") + "\n"
    with open_input(file) as stream:
        return stream.read(_BEGINNING_BYTES).decode(errors="replace")


def _holds_addresses(beginning: str) -> bool:
    """Whether the first line that says something is one long word, as an address; a README has sentences."""
    lines = (line.partition("#")[0].split() for line in beginning.splitlines())
    words = next(filter(None, lines), [])
    return len(words) == 1 and len(words[0]) >= SHORTEST and "." not in words[0]


def _most_confident(rows: Iterable[LabelRow], skipped: Counter[str]) -> Iterator[LabelRow]:
    best: dict[tuple[str | None, ...], LabelRow] = {}
    for row in rows:
        first = best.setdefault(row.identity, row)
        if first is not row:
            skip(skipped, "duplicate", row.origin, f"{row.chain}:{row.address} {row.name}")
            best[row.identity] = max(first, row, key=lambda label: label.confidence)
    yield from best.values()
