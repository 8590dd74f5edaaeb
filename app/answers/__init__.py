"""What the API, the pages and the command line say: models of answers, and cursors of lists."""
