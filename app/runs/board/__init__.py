"""The board: which wallets of a run are listed, in which order, and what the run does not know."""
