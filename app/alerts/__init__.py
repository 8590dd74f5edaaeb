"""Home of alerts and the rules that raise them. Empty until that issue."""
