"""Verification: a run computed again from the record and compared with what is stored."""
