"""The explorer: the neighbours of a wallet, one hop at a time."""
