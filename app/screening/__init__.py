"""Screenings of wallets, deposits and payments: read, recorded, computed again."""
