"""Commands that keep the stores in order: backup, comparison of the graph with the record, old results."""
