"""Home of screenings of wallets, deposits and withdrawals. Empty until that issue."""
