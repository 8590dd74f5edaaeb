"""Home of the assets' names: symbols, decimals and their sources. Empty until that issue."""
