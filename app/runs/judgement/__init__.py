"""From exposures to judged wallets: behaviour, levels, flags, and the reasons of each."""
