"""What is said about wallets: reading, resolving and storing labels."""
