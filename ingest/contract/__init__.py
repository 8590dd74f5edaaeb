"""The contract of the event: its fields, and how a message is decoded."""
