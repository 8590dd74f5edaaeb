"""Scoring runs: from a snapshot of the record to published scores."""
