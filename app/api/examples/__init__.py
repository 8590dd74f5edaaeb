"""Examples in the API's documentation, all of one wallet."""
