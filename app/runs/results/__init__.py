"""What a run found, as rows of the record: made as lines of text, stored once, deleted when they are old."""
