"""The evidence report: one wallet's score with all its reasons, as a document."""
