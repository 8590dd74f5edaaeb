"""Random histories of transactions that are mined, retracted and mined again, and the model of the rule."""
