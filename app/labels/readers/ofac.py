"""Labels from sanctions lists: OFAC's SDN in all its forms, the United Kingdom's, the European Union's."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from app.domain import ByteProgress
from app.errors import InvalidInput
from app.input_files import read_text_lines
from app.labels.readers.currencies import ANY_FORM, wallet_of
from app.labels.readers.files import files_with_progress, one_line
from app.labels.readers.free_text import addresses_in
from app.labels.readers.ofac_delimited import read_delimited
from app.labels.readers.sanctions_xml import OFAC, ListedAddress, read_sanctions_xml
from app.labels.readers.unusable import skip
from app.labels.store import LabelRow

SOURCE = OFAC
CATEGORY = "sanctioned"
CONFIDENCE = 100
_list_name = re.compile(r"sanctioned_addresses_([A-Z0-9]{2,10})\.txt", re.IGNORECASE).fullmatch
_delimited_name = re.compile(r"(?:sdn|cons)[a-z0-9_]*\.(?:csv|del|pip|txt)", re.IGNORECASE).fullmatch


def is_ofac_file(file: Path) -> bool:
    """Whether a file has the name of one of OFAC's, in any case of its letters, or is XML."""
    return bool(_list_name(file.name) or _delimited_name(file.name)) or file.suffix.lower() == ".xml"


def ofac_files(path: Path) -> list[Path]:
    """The file, or the lists of a folder.

    Raises:
        InvalidInput: the folder has none.
    """
    files = sorted(file for file in path.iterdir() if is_ofac_file(file)) if path.is_dir() else [path]
    if not files:
        raise InvalidInput(f"{path} holds no sanctioned_addresses_<currency>.txt, nor another list of OFAC.")
    return files


def read_ofac(
    path: Path, *, skipped: Counter[str], progress: ByteProgress | None = None
) -> Iterator[LabelRow]:
    """The sanctioned wallets of a list, or of a folder of lists.

    Formats: `sanctioned_addresses_<currency>.txt` with an address a line; OFAC's `sdn.xml`,
    `sdn_advanced.xml` and `sdn_enhanced.xml`, and its delimited files; the XML of the UK's and the EU's
    lists. A label has the name of its entry, in a plain list the name of the list. Entries say when somebody
    was listed and not when an address was added, so labels are valid without limits. OFAC has listed a Tron
    address as Bitcoin: the chain of an address that does not fit its currency is the one whose form it has.
    Every entry with an address is a label, or is counted in `skipped`.

    Raises:
        InvalidInput: there is no such file, or it is damaged; the message names file and line.
    """
    for file, report_read in files_with_progress(ofac_files(path), progress):
        if file.suffix.lower() == ".xml":
            entries = read_sanctions_xml(file, report_read)
        elif _delimited_name(file.name):
            entries = read_delimited(file)
        else:
            entries = _plain_list(file)
        for entry in entries:
            for line, chain, address in _wallets(entry, file, skipped):
                yield LabelRow(
                    chain,
                    address,
                    CATEGORY,
                    one_line(entry.name) or entry.source,
                    entry.source,
                    CONFIDENCE,
                    valid_from=None,
                    valid_to=None,
                    origin=f"{file}:{line}",
                )


def _wallets(entry: ListedAddress, file: Path, skipped: Counter[str]) -> Iterator[tuple[int, str, str]]:
    if entry.currency is None:
        for each in addresses_in(entry.address):
            line = entry.line + each.line
            if each.wallet is None:
                skip(skipped, "bad_address", f"{file}:{line}", each.text)
            else:
                yield line, *each.wallet
        return
    wallet = wallet_of(
        entry.currency, entry.address, skipped, fallback=ANY_FORM, origin=f"{file}:{entry.line}"
    )
    if wallet is not None:
        yield entry.line, *wallet


def _plain_list(file: Path) -> Iterator[ListedAddress]:
    list_name = _list_name(file.name)
    if list_name is None:
        raise InvalidInput(
            f"{file} must be XML, or be named sanctioned_addresses_<currency>.txt or sdn.csv, .del, .pip."
        )
    for number, line in read_text_lines(file):
        yield ListedAddress(number, list_name[1], line.strip(), SOURCE, SOURCE)
