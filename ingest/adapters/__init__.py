"""Other programs' streams on topics of their own, published as transfers."""
