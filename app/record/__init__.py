"""Reads the record: transfers, wallets, refused messages, the last comparison, its identity."""
