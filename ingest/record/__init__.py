"""A batch of events written into the record: facts, pools and annotations."""
