"""Runs by the engine spark, and a cluster for them."""
