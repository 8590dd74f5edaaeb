"""Values of answers as people and programs write them: amounts, times, cells, directions of text."""
