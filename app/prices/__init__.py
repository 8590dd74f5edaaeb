"""Home of the prices of assets by day, with their sources. Empty until that issue."""
