"""Transfers in, exact exposures and explained risk scores out."""
