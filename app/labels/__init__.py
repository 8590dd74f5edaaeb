"""Labels of wallets: reading them, storing them, and choosing the effective one."""
