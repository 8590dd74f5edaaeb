"""How right scores and levels are, on data whose truth is known (docs/skill.md)."""
