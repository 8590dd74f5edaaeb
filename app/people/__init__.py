"""Home of people, their roles and their keys. Empty until that issue."""
