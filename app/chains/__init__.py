"""The known chains and the stored form of their addresses and transaction hashes."""
