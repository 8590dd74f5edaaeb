"""Pure arithmetic over transfers in ledger order: no store, no clock, no settings."""
