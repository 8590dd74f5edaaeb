"""Explanations of stored scores: their paths, and the points of each path."""
