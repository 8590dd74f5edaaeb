"""The campaign of faults: an instance under load, what is done to it, and what became of each message."""
