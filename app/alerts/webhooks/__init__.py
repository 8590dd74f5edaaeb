"""Signed calls to other people's servers (Standard Webhooks)."""
