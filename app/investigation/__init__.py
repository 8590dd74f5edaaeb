"""Investigating in the graph: numbered questions, their guide, and the picture of a score's evidence."""
