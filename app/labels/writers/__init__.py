"""Writers of label files, one file a format."""
