"""What the record holds of transfers, refused messages and comparisons."""
