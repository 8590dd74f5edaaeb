"""The process that does the jobs of the record."""
