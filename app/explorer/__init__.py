"""Walking through the graph from a wallet, one hop at a time."""
