"""What requests of one process share: threads that ask servers, looks at the record, pages of exports."""
