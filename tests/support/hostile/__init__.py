"""Hostile files, made from seeds, and readers tried on them in processes of their own."""
