"""Plans of SQL statements in a large record."""
