"""Who owns a wallet, as its label's name tells. Pure.

`Stake_Deposit_0xed54` and `Stake: Hot Wallet 3` are Stake's. A name tells an owner only where it says what of
the owner's the wallet is: seven wallets that are called `Hacker` may be seven people's.
"""

import re

_PART_OF_NAME = re.compile(
    r"""^(?P<owner>[^\s:_].*?)
        (?: \s*:\s+\S.*                                    # Tornado.Cash: Router
          | [\s_-]+(?:deposit|withdrawal|(?:hot|cold)[\s_-]?wallet|reserve|user|wallet)s?(?:[\s_-].*)?
          | \s+\#?\d{1,4}                                  # Binance 14
        )$""",
    re.IGNORECASE | re.VERBOSE,
)


def owner_of_name(name: str | None) -> str | None:
    """The owner that a label's name tells, or None where it tells none."""
    match = _PART_OF_NAME.match(name or "")
    return None if match is None else match["owner"].strip(" _-")
