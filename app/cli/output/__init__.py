"""What commands print and how they open the stores: tables, progress, JSON."""
