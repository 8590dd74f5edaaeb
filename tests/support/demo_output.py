"""What `aml demo` prints."""

import re
from decimal import Decimal


def assert_explained(printed: str) -> None:
    """There is an explanation of several contributions, which add up to its total exactly."""
    contributions = printed.split("Contributions:")[1].split("What no category explains", maxsplit=1)[0]
    numbers = [Decimal(n) for n in re.findall(r"(\d+\.\d{6}) │$", contributions, re.MULTILINE)]
    assert len(numbers) > 1
    assert sum(numbers[:-1]) == numbers[-1]
