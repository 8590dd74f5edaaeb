"""Labels from TagPacks, GraphSense's YAML form for attributions: a file, or a folder of them."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from collections.abc import Mapping as Fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from app.domain import ByteProgress
from app.errors import InvalidInput
from app.input_files import open_input, read_input
from app.labels.readers.currencies import wallet_of
from app.labels.readers.files import files_with_progress, one_line
from app.labels.readers.tagpack_terms import CONFIDENCES, UNKNOWN_CONFIDENCE, category_of
from app.labels.readers.unusable import Unusable, skip
from app.labels.store import LabelRow
from app.plain_json import read_json
from app.plain_yaml import Include, Mapping, YamlRules, read_yaml

TAGPACK_YAML = YamlRules(
    max_bytes=16 * 1024 * 1024,
    when_larger="Split it into several packs.",
    typed=False,
    several_documents=True,
    shares=True,
)
_SUFFIXES = (".yaml", ".yml")
_BEGINNING_BYTES: Final = 65_536


def read_tagpacks(
    path: Path,
    *,
    skipped: Counter[str],
    progress: ByteProgress | None = None,
    files: list[Path] | None = None,
) -> Iterator[LabelRow]:
    """The labels of a TagPack, or of all TagPacks in a folder and its subfolders (or of some `files` of it).

    A tag inherits the fields of the header that it does not have, and of a header file that the pack
    includes: the nearest of that name in the pack's folder or above, within `path`. The source of a label is
    the title of its pack. A tag whose terms have no category has that of its actor, where an actor pack of
    the folder has one, or else becomes a label that only names its wallet. `lastmod` is when a tag was
    written and not since when it is true, so labels are valid without limits.

    `skipped` counts by reason: those of `wallet_of`, `no_address` (a tag of a transaction), `no_label`,
    `mention` (it does not say whose the address is), `not_a_tagpack` (another file of the folder). With
    `Unusable` for `skipped` a pack of a folder that cannot be read is named, and stops no other.

    Raises:
        InvalidInput: there is no TagPack, or one is damaged; the message names file and line.
    """
    if files is None:
        files = (
            sorted(f for f in path.rglob("*") if f.suffix.lower() in _SUFFIXES) if path.is_dir() else [path]
        )
    folder = PackFolder(path, files)
    packs = 0
    for file, report_read in files_with_progress(files, progress):
        try:
            rows = folder.read(file, skipped, report_read)
        except InvalidInput as exc:
            if files == [path] or not isinstance(skipped, Unusable):
                raise
            skipped.unreadable.append(str(exc))
            continue
        packs += rows is not None
        yield from rows or ()
    if not packs and not (isinstance(skipped, Unusable) and skipped.unreadable):
        raise InvalidInput(f"{path} holds no TagPack: a YAML mapping with a list of `tags`.")


def read_tags(file: Path, *, skipped: Counter[str]) -> Iterator[LabelRow]:
    """The labels of tags that GraphSense's API answered, as a JSON list.

    Raises:
        InvalidInput: it is no such list.
    """
    tags = read_json(file)
    if not isinstance(tags, list) or not all(isinstance(tag, dict) for tag in tags):
        raise InvalidInput(f"{file}: is no list of tags.")
    for number, tag in enumerate(tags, 1):
        source = _text(tag.get("tagpack_title")) or one_line(file.stem)
        fields = {**tag, "address": tag.get("identifier")}
        if tag.get("tag_subject", "address") != "address":
            fields["address"] = None
        label = _label(fields, source=source, origin=f"{file}: item {number}", skipped=skipped)
        if label is not None:
            yield label


class PackFolder:
    """The packs of a folder, with the actors and headers that they share."""

    def __init__(self, path: Path, files: list[Path]) -> None:
        self._root = (path if path.is_dir() else path.parent).resolve()
        self._headers: dict[Path, Mapping] = {}
        self._actors: dict[str, dict[str, Any]] = {}
        for file in files:
            if _begins_with_actors(file):
                self._learn_actors(file)

    def read(
        self, file: Path, skipped: Counter[str], report_read: Callable[[int], None]
    ) -> list[LabelRow] | None:
        """The labels of one file, or None where it is no TagPack.

        Raises:
            InvalidInput: it is damaged, or includes a header that is not there.
        """
        pack = _read(file, report_read)
        tags = pack.get("tags") if isinstance(pack, Mapping) else None
        if not isinstance(pack, Mapping) or not isinstance(tags, list):
            skip(skipped, "not_a_tagpack", str(file), file.name)
            return None
        fields = {**self._header(pack.get("header"), file), **pack}
        source = _text(fields.get("title")) or one_line(file.stem)
        labels = []
        for tag in tags:
            if not isinstance(tag, Mapping):
                raise InvalidInput(f"{file}:{pack.line}: `tags` must be a list of mappings.")
            actor = self._actors.get(_text(tag.get("actor") or fields.get("actor")), {})
            labels.append(
                _label(
                    {**fields, **tag},
                    source=source,
                    origin=f"{file}:{tag.line}",
                    skipped=skipped,
                    actor=actor,
                )
            )
        return [label for label in labels if label is not None]

    def _header(self, header: object, file: Path) -> dict[str, Any]:
        if isinstance(header, Mapping):
            return header
        if not isinstance(header, Include):
            return {}
        name = Path(header)
        if name.is_absolute() or ".." in name.parts:
            raise InvalidInput(f"{file}: the included {one_line(header)!r} is no file within the folder.")
        folder = file.parent.resolve()
        for parent in (folder, *folder.parents):
            if not parent.is_relative_to(self._root):
                break
            included = (parent / name).resolve()
            if included.is_file() and included.is_relative_to(self._root):
                return self._included(included)
        raise InvalidInput(f"{file}: the included {one_line(header)!r} is in none of its folders.")

    def _included(self, file: Path) -> Mapping:
        if file not in self._headers:
            header = _read(file, lambda _: None)
            if not isinstance(header, Mapping):
                raise InvalidInput(f"{file}: is included, and is no mapping of fields.")
            self._headers[file] = header
        return self._headers[file]

    def _learn_actors(self, file: Path) -> None:
        try:
            pack = _read(file, lambda _: None)
        except InvalidInput:
            return  # it is told when its turn comes
        actors = pack.get("actors") if isinstance(pack, Mapping) else None
        for actor in actors if isinstance(actors, list) else ():
            if isinstance(actor, Mapping) and (name := _text(actor.get("id"))):
                self._actors[name] = actor


def _begins_with_actors(file: Path) -> bool:
    """Whether it looks like an actor pack: reading YAML twice takes long."""
    with open_input(file) as stream:
        return re.search(rb"^actors\s*:", stream.read(_BEGINNING_BYTES), re.MULTILINE) is not None


def _read(file: Path, report_read: Callable[[int], None]) -> object:
    body = read_input(file, TAGPACK_YAML.max_bytes, TAGPACK_YAML.when_larger)
    return read_yaml(body, str(file), TAGPACK_YAML, report_read=report_read)


def _label(
    fields: dict[str, Any],
    *,
    source: str,
    origin: str,
    skipped: Counter[str],
    actor: Fields[str, Any] = MappingProxyType({}),
) -> LabelRow | None:
    address = _text(fields.get("address"))
    name = _text(fields.get("label")) or _text(actor.get("label"))
    reason = (
        "mention"
        if fields.get("tag_type") == "mention"
        else "no_address"
        if not address
        else None
        if name
        else "no_label"
    )
    if reason:
        skip(skipped, reason, origin, address or name)
        return None
    currency = _text(fields.get("network")) or _text(fields.get("currency"))
    wallet = wallet_of(currency, address, skipped, origin=origin)
    if wallet is None:
        return None
    return LabelRow(
        *wallet,
        category_of(_terms(fields)) or category_of(_words(actor.get("categories"))),
        name,
        source,
        CONFIDENCES.get(_text(fields.get("confidence")), UNKNOWN_CONFIDENCE),
        valid_from=None,
        valid_to=None,
        origin=origin,
    )


def _terms(fields: Fields[str, Any]) -> set[str]:
    return _words(fields.get("concepts")) | _words([fields.get("abuse"), fields.get("category")])


def _words(value: object) -> set[str]:
    words = value if isinstance(value, list) else [value]
    return {_text(word) for word in words} - {""}


def _text(value: object) -> str:
    return one_line(value) if isinstance(value, str) else ""
