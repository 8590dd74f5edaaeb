"""Home of the queue, cases and decisions of people. Empty until that issue."""
