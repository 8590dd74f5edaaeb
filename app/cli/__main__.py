"""`python -m app.cli`: the `aml` command, for processes that start it by its interpreter."""

from app.cli import main

main()
