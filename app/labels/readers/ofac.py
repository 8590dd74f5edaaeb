"""Labels from OFAC's list of Specially Designated Nationals (SDN): plain address lists, or OFAC's own XML."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from app.domain import ByteProgress
from app.errors import InvalidInput
from app.input_files import read_text_lines
from app.labels.readers.currencies import BY_FORM, wallet_of
from app.labels.readers.files import files_with_progress, one_line
from app.labels.readers.ofac_xml import ListedAddress, read_sdn
from app.labels.store import LabelRow

SOURCE = "OFAC SDN"
CATEGORY = "sanctioned"
CONFIDENCE = 100
_LIST_NAME = re.compile(r"sanctioned_addresses_([A-Za-z0-9]{2,10})\.txt").fullmatch


def read_ofac(
    path: Path, *, skipped: Counter[str], progress: ByteProgress | None = None
) -> Iterator[LabelRow]:
    """The sanctioned wallets of an SDN file, or of a folder of address lists.

    Formats: `sanctioned_addresses_<currency>.txt` with an address a line, OFAC's `sdn.xml`, and its
    `sdn_advanced.xml`. A label has the name of its entry, in a plain list the name of the list. Entries say
    when somebody was listed and not when an address was added, so labels are valid without limits. OFAC has
    listed a Tron address as Bitcoin: the chain of an address that does not fit its currency is the one whose
    form it has. `skipped` counts addresses without a chain, with the reasons of `wallet_of`.

    Raises:
        InvalidInput: there is no such file, or it is damaged; the message names file and line.
    """
    files = sorted(f for f in path.iterdir() if _LIST_NAME(f.name)) if path.is_dir() else [path]
    if not files:
        raise InvalidInput(f"{path} holds no sanctioned_addresses_<currency>.txt.")
    for file, report_read in files_with_progress(files, progress):
        entries = read_sdn(file, report_read) if file.suffix.lower() == ".xml" else _plain_list(file)
        for line, currency, address, name in entries:
            wallet = wallet_of(currency, address, skipped, fallback=BY_FORM)
            if wallet is not None:
                yield LabelRow(
                    *wallet,
                    CATEGORY,
                    one_line(name) or SOURCE,
                    SOURCE,
                    CONFIDENCE,
                    valid_from=None,
                    valid_to=None,
                    origin=f"{file}:{line}",
                )


def _plain_list(file: Path) -> Iterator[ListedAddress]:
    list_name = _LIST_NAME(file.name)
    if list_name is None:
        raise InvalidInput(f"{file} must be XML, or be named sanctioned_addresses_<currency>.txt.")
    for number, line in read_text_lines(file):
        yield ListedAddress(number, list_name[1], line.strip(), SOURCE)
