"""Pictures of the pages, as pure functions from answers to SVG and table cells."""
