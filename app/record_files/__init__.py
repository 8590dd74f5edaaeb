"""The record as Parquet files: written, appended to, checked by a manifest, read into a new record."""
