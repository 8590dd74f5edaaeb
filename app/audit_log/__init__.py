"""Home of the log of who did what and when. Empty until that issue."""
