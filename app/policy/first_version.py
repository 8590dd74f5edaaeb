"""Policy files of the first version are refused, and the message says how to turn them."""

from collections.abc import Mapping
from typing import Any

from app.errors import InvalidPolicy

_HOW = (
    "{name}:1: this is a policy of the first version, which this release does not read. To turn it: begin "
    "the file with `policy: 2`; give each category a `kind` (crime or service) and a `severity` of three: "
    "`{{own: S, source: S, destination: D}}`; replace each rule's `description` by `sentence`; and copy "
    "firm_confidence, floor, unrated_below, listing_weights, registered_assets, mule and victim from the "
    "policy.yaml of this release. docs/policy.md has an example. Then run `aml policy check {name}`."
)


def check_version(data: Mapping[str, Any], name: str) -> None:
    """Checks that the content is not that of a policy file of the first version.

    Raises:
        InvalidPolicy: it is; the message says how to turn the file.
    """
    if "policy" not in data and "categories" in data:
        raise InvalidPolicy(_HOW.format(name=name))
