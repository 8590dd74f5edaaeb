"""What the wallets and assets of answers are called."""
