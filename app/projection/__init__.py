"""The graph as a projection of the record: what is owed, labels, rebuilding, comparing."""
