"""Labels from TagPacks, GraphSense's YAML form for attributions: a file, or a folder of them."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from app.domain import ByteProgress
from app.errors import InvalidInput
from app.input_files import read_input
from app.labels.readers.currencies import wallet_of
from app.labels.readers.files import files_with_progress, one_line
from app.labels.readers.tagpack_terms import CONFIDENCES, UNKNOWN_CONFIDENCE, category_of
from app.labels.store import LabelRow
from app.plain_yaml import Mapping, YamlRules, read_yaml

TAGPACK_YAML = YamlRules(
    max_bytes=32 * 1024 * 1024,
    when_larger="Split it into several packs.",
    typed=False,
    several_documents=True,
)
_SUFFIXES = (".yaml", ".yml")


def read_tagpacks(
    path: Path, *, skipped: Counter[str], progress: ByteProgress | None = None
) -> Iterator[LabelRow]:
    """The labels of a TagPack, or of all TagPacks in a folder and its subfolders.

    A tag inherits the fields of the header that it does not have. The source of a label is the title of its
    pack. A tag whose terms have no category becomes a label that only names its wallet. `lastmod` is when a
    tag was written and not since when it is true, so labels are valid without limits.

    `skipped` counts by reason: those of `wallet_of`, `no_address` (a tag of a transaction), `no_label`,
    `mention` (it does not say whose the address is), `not_a_tagpack` (another file of the folder).

    Raises:
        InvalidInput: there is no TagPack, or one is damaged; the message names file and line.
    """
    files = sorted(f for f in path.rglob("*") if f.suffix in _SUFFIXES) if path.is_dir() else [path]
    packs = 0
    for file, report_read in files_with_progress(files, progress):
        pack = _read(file, report_read)
        tags = pack.get("tags") if isinstance(pack, Mapping) else None
        if not isinstance(pack, Mapping) or not isinstance(tags, list):
            skipped["not_a_tagpack"] += 1
            continue
        packs += 1
        source = _text(pack.get("title")) or one_line(file.stem)
        for tag in tags:
            if not isinstance(tag, Mapping):
                raise InvalidInput(f"{file}:{pack.line}: `tags` must be a list of mappings.")
            label = _label({**pack, **tag}, source=source, origin=f"{file}:{tag.line}", skipped=skipped)
            if label is not None:
                yield label
    if not packs:
        raise InvalidInput(f"{path} holds no TagPack: a YAML mapping with a list of `tags`.")


def _read(file: Path, report_read: Callable[[int], None]) -> object:
    body = read_input(file, TAGPACK_YAML.max_bytes, TAGPACK_YAML.when_larger)
    return read_yaml(body, str(file), TAGPACK_YAML, report_read=report_read)


def _label(fields: dict[str, Any], *, source: str, origin: str, skipped: Counter[str]) -> LabelRow | None:
    address, name = _text(fields.get("address")), _text(fields.get("label"))
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
        skipped[reason] += 1
        return None
    wallet = wallet_of(_text(fields.get("network")) or _text(fields.get("currency")), address, skipped)
    if wallet is None:
        return None
    return LabelRow(
        *wallet,
        category_of(_terms(fields)),
        name,
        source,
        CONFIDENCES.get(_text(fields.get("confidence")), UNKNOWN_CONFIDENCE),
        valid_from=None,
        valid_to=None,
        origin=origin,
    )


def _terms(fields: dict[str, Any]) -> set[str]:
    concepts = fields.get("concepts")
    terms = concepts if isinstance(concepts, list) else [concepts]
    return {_text(term) for term in (fields.get("abuse"), fields.get("category"), *terms)} - {""}


def _text(value: object) -> str:
    return one_line(value) if isinstance(value, str) else ""
