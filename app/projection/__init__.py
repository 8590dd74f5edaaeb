"""The graph as a projection of the record: pending batches, labels, rebuild, comparison, repair."""
