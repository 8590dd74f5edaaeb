"""Watched wallets, alerts by rules of the policy, signed calls."""
