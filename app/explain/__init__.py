"""Explanations of stored scores: the paths behind them, and what each path weighs."""
