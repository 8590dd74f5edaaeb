"""Commands for watched wallets, alerts and the calls that tell of them."""
